// A typed look into chrome.storage: protobuf messages as base64, plain texts as they are. Which keys there are and what
// they mean is up to the stores.

import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";

/** The two areas the panel uses: until Chrome ends, and for good. */
export type AreaName = "session" | "local";

/** One key of one area. */
export class Stored<T> {
  private readonly area: AreaName;
  private readonly key: string;
  private readonly decode: (raw: unknown) => T | undefined;
  private readonly encode: (value: T) => unknown;

  constructor(area: AreaName, key: string, decode: (raw: unknown) => T | undefined, encode: (value: T) => unknown) {
    this.area = area;
    this.key = key;
    this.decode = decode;
    this.encode = encode;
  }

  /** Reads the value; undefined if there is none, or none that can be understood. */
  async get(): Promise<T | undefined> {
    const found = await chrome.storage[this.area].get(this.key);
    return this.decode(found[this.key]);
  }

  /** Writes the value; undefined removes it. */
  async set(value: T | undefined): Promise<void> {
    if (value === undefined) await chrome.storage[this.area].remove(this.key);
    else await chrome.storage[this.area].set({ [this.key]: this.encode(value) });
  }

  /** Calls back at every change, by whomever, until the returned function is called. */
  watch(listener: (value: T | undefined) => void): () => void {
    const heard = (changes: Record<string, chrome.storage.StorageChange>, area: string): void => {
      const change = changes[this.key];
      if (area === this.area && change !== undefined) listener(this.decode(change.newValue));
    };
    chrome.storage.onChanged.addListener(heard);
    return () => chrome.storage.onChanged.removeListener(heard);
  }
}

/** A plain text under a key. */
export function storedText(area: AreaName, key: string): Stored<string> {
  return new Stored(
    area,
    key,
    (raw) => (typeof raw === "string" ? raw : undefined),
    (value) => value,
  );
}

/** A protobuf message under a key, as base64. */
export function storedMessage<Desc extends DescMessage>(
  area: AreaName,
  key: string,
  schema: Desc,
): Stored<MessageShape<Desc>> {
  const decode = (raw: unknown): MessageShape<Desc> | undefined => {
    if (typeof raw !== "string") return undefined;
    try {
      return fromBinary(schema, base64Decode(raw));
    } catch (error) {
      // Another version of the extension may have written it; a value nobody can read is no value.
      console.warn(`tabwire: cannot read ${key} from storage`, error);
      return undefined;
    }
  };
  return new Stored(area, key, decode, (value) => base64Encode(toBinary(schema, value)));
}
