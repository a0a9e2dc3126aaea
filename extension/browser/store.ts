// Small helpers over chrome.storage: protobuf messages as base64 of their binary form, one key each. Which keys there
// are is listed here, so that no two modules use the same.

import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "../wire/base64";

/** Keys in chrome.storage.session, which lives as long as the browser runs. */
export const SESSION = {
  /** ConnectionStatus, for the panel to watch. */
  connection: "connection",
  /** TaskContext that the context menu left for the panel. */
  draft: "draft",
  /** ObserveTabs: which tabs to send updates of. */
  observed: "observed",
  /** The name of the record of commands: see command_journal.ts. */
  journal: "journal",
  /** Highest epoch seen for each task. */
  epochs: "epochs",
  /** TaskTabsRule of each task: see policy/task_tabs.ts. */
  taskTabs: "taskTabs",
  /** Tab group of each task. */
  groups: "groups",
  /** Prefix of one record per command: see command_journal.ts. */
  command: "command:",
  /** Prefix of what remembers older commands by their ids alone: see forgotten.ts. */
  forgotten: "forgotten:",
  /** What Chrome's ids of tabs are shifted by when they are told: see tabs/tab_numbers.ts. */
  tabShift: "tabShift",
  /** Prefix of one record per tab: see tab_record.ts. */
  tab: "tab:",
} as const;

/** Keys in chrome.storage.local, which lives as long as the extension is installed. */
export const LOCAL = {
  /** The pairing: see pairing.ts. */
  pairing: "pairing",
  /** The last attempt to pair: see pairing.ts. */
  attempt: "attempt",
  /** The code of the last offer that was taken up, so that a used one is not tried again. */
  offer: "offer",
  /** The run of the browser, to be recognised after a reload of the extension: see tabs/tab_numbers.ts. */
  run: "run",
  /** Where secrets were filled in: see policy/filled_in.ts. */
  filled: "filled",
} as const;

/** A message as base64. */
export function encode<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): string {
  return base64Encode(toBinary(schema, message));
}

/** A message from base64; undefined if the text is missing or is no such message (as after an update). */
export function decode<Desc extends DescMessage>(schema: Desc, text: unknown): MessageShape<Desc> | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return fromBinary(schema, base64Decode(text));
  } catch {
    return undefined;
  }
}

/** Reads one message from a storage area. */
export async function load<Desc extends DescMessage>(
  area: chrome.storage.StorageArea,
  key: string,
  schema: Desc,
): Promise<MessageShape<Desc> | undefined> {
  return decode(schema, (await area.get(key))[key]);
}

/** Writes one message to a storage area. */
export async function save<Desc extends DescMessage>(
  area: chrome.storage.StorageArea,
  key: string,
  schema: Desc,
  message: MessageShape<Desc>,
): Promise<void> {
  await area.set({ [key]: encode(schema, message) });
}
