// Finds web addresses in a text, so that a result can be clicked. Pure; the text around them stays as it is, and nothing
// but http and https ever becomes a link, for the text may come from a page.

/** A piece of a text: an address to follow, or words. */
export interface Piece {
  readonly text: string;
  /** The address, if the piece is one. */
  readonly href?: string;
}

const ADDRESS = /https?:\/\/[^\s<>"'`“”‘’]+/gi;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…*_~]+$/;

/** Cuts a text into pieces. Their texts joined are the text. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTail(match[0]);
    if (!URL.canParse(address)) continue;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    pieces.push({ text: address, href: address });
    at = match.index + address.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

function withoutTail(address: string): string {
  let kept = address.replace(TRAILING, "");
  // A bracket belongs to the address only if it was opened in it.
  const brackets: readonly (readonly [string, string])[] = [
    ["(", ")"],
    ["[", "]"],
    ["{", "}"],
  ];
  for (const [open, close] of brackets) {
    while (kept.endsWith(close) && count(kept, close) > count(kept, open))
      kept = kept.slice(0, -1).replace(TRAILING, "");
  }
  return kept;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
