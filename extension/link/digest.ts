// A short digest of bytes, to tell a repeated message from another one with the same number, and a command from others. It
// guards against faults, not against attackers: the server is authenticated, and the digest never leaves this computer.
// Synchronous, unlike the browser's own digests, so that messages cannot overtake each other.

/** The digest of these bytes and their number. */
export function digestOf(bytes: Uint8Array): string {
  const [a, b] = mixed(bytes);
  return `${bytes.length}-${b.toString(16)}-${a.toString(16)}`;
}

/** The same as a whole number below 2^53. */
export function hashOf(bytes: Uint8Array): number {
  const [a, b] = mixed(bytes);
  return (b & 0x1fffff) * 2 ** 32 + a;
}

/** cyrb53: two multiplicative hashes of 32 bits, mixed at the end. */
function mixed(bytes: Uint8Array): [number, number] {
  let a = 0xdeadbeef ^ bytes.length;
  let b = 0x41c6ce57 ^ bytes.length;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 2654435761);
    b = Math.imul(b ^ byte, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [a >>> 0, b >>> 0];
}
