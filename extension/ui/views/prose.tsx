// Text from elsewhere, shown as text: commands in backticks set apart, addresses to follow. Nothing in it becomes markup.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { linkify } from "../model/linkify";

/** A sentence of Tabwire's own, with what stands in `backticks` set as code. */
export function withCode(text: string): ComponentChildren {
  const parts = text.split("`");
  // An odd backtick is a character like any other.
  if (parts.length % 2 === 0) return text;
  return parts.map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

/** A text of the agent or of a page, with its line breaks, its addresses to follow. */
export function Prose({ text }: { text: string }): JSX.Element {
  return (
    <div class="prose">
      {linkify(text).map((piece, index) =>
        piece.href === undefined ? (
          piece.text
        ) : (
          <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer">
            {piece.text}
          </a>
        ),
      )}
    </div>
  );
}

/** Texts longer than this are cut until a person asks for the rest. */
const LONG = 220;

/** A text of which only the beginning is shown at first, if it is long. */
export function Clamped({ text, class: name }: { text: string; class: string }): JSX.Element {
  const [whole, setWhole] = useState(false);
  const long = text.length > LONG || text.split("\n").length > 4;
  return (
    <div class={name}>
      <div class={long && !whole ? "clamped" : undefined}>
        <Prose text={text} />
      </div>
      {long && (
        <button type="button" class="link-button" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? "Show less" : "Show more"}
        </button>
      )}
    </div>
  );
}
