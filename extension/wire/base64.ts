// base64 as fast as the browser can do it: by its own methods for bytes where it has them (Chrome 140 and newer), else by
// those for texts. Without the protobuf runtime, because the page uses it, too.

const NATIVE = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
type WithNative = Uint8Array & { toBase64?: () => string };

/** So many bytes are made text at once; a call takes only so many arguments. */
const CHUNK = 8_192;

/** Bytes as text. */
export function base64Encode(bytes: Uint8Array): string {
  const native = bytes as WithNative;
  if (native.toBase64 !== undefined) return native.toBase64();
  let letters = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    letters += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(letters);
}

/** Text as bytes. Throws if it is no base64. */
export function base64Decode(text: string): Uint8Array<ArrayBuffer> {
  if (NATIVE.fromBase64 !== undefined) return NATIVE.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}
