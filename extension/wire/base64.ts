// base64 as fast as the browser can do it: its own where it has it (Chrome 140 and newer), else protobuf's.

import { base64Decode as decode, base64Encode as encode } from "@bufbuild/protobuf/wire";

const NATIVE = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
type WithNative = Uint8Array & { toBase64?: () => string };

/** Bytes as text. */
export function base64Encode(bytes: Uint8Array): string {
  const native = bytes as WithNative;
  return native.toBase64 === undefined ? encode(bytes) : native.toBase64();
}

/** Text as bytes. Throws if it is no base64. */
export function base64Decode(text: string): Uint8Array<ArrayBuffer> {
  return NATIVE.fromBase64 === undefined ? decode(text) : NATIVE.fromBase64(text);
}
