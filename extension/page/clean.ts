// Text of the page made fit to leave it: white space folded, invisible and private characters taken out (they carry
// icons of icon fonts, or hidden orders to a model), length and bytes counted.

/** Characters that show nothing: zero width marks, bidirectional controls, tags; not the joiners that scripts need. */
const INVISIBLE = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Glyphs of icon fonts. */
const PRIVATE_USE = /[\ue000-\uf8ff\u{f0000}-\u{ffffd}\u{100000}-\u{10fffd}]/gu;

const SPACES = /\s+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be removed
const CONTROL = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/g;
const PLAIN = /^[\u0020-\u007e]*$/;

/** Removes what shows nothing, and keeps white space as it is. */
export function visibleCharacters(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(INVISIBLE, "").replace(PRIVATE_USE, "").replace(CONTROL, "");
}

/**
 * A private character (Chrome loads no script with a non-character in it). Stands where two pieces of text meet that the page shows apart; becomes a
 * space, but not before punctuation.
 */
export const SEAM = "\uf8ff";

/** Joins pieces of text that were gathered with seams between them. */
export function joinPieces(pieces: readonly string[]): string {
  const joined = pieces.length === 1 ? (pieces[0] as string) : pieces.join("");
  if (!joined.includes(SEAM)) return fold(joined);
  return fold(
    joined.replace(/\s*\uf8ff[\s\uf8ff]*(?=[.,;:!?)\]}…»”])|(?<=[([{«“])\uf8ff+/g, "").replace(/\uf8ff+/g, " "),
  );
}

/** Words with single spaces between them: nothing to be folded. */
const FOLDED = /^(?:[!-~]+(?: [!-~]+)*)?$/;
/** Longer texts hardly ever are folded already. */
const SHORT = 400;

/** One line: invisible characters removed, white space folded, trimmed. */
export function fold(text: string): string {
  if (text.length < SHORT && FOLDED.test(text)) return text;
  return visibleCharacters(text).replace(SPACES, " ").trim();
}

const INFORMING = /[\p{L}\p{N}\p{Sc}]/u;
/** So many characters are looked at one by one. */
const GLANCE = 48;

/** Whether a text says anything: has a letter, a digit or a currency sign. Most texts begin with one, or are white space. */
export function informs(text: string): boolean {
  const { length } = text;
  const end = Math.min(length, GLANCE);
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code >= 128) return INFORMING.test(text);
    const small = code | 32;
    if ((small >= 97 && small <= 122) || (code >= 48 && code <= 57) || code === 36) return true;
  }
  return length > GLANCE && INFORMING.test(text);
}

/** The first `limit` characters, never half of a surrogate pair. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const code = text.charCodeAt(limit - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? limit - 1 : limit);
}

/** A short quotation for a message: at most 80 characters, quotation marks around it. */
export function quote(text: string, limit = 80): string {
  const folded = fold(text);
  return `"${folded.length > limit ? `${cut(folded, limit)}…` : folded}"`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const ASCII = /^[\u0000-\u007f]*$/;

/** How many bytes a text takes in UTF-8. */
export function utf8Length(text: string): number {
  if (ASCII.test(text)) return text.length;
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (code < 0x800) bytes += 1;
    else if (code >= 0xd800 && code <= 0xdfff)
      bytes += 1; // half of a pair: two units, four bytes
    else bytes += 2;
  }
  return bytes;
}
