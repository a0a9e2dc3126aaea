// Trix, the editor of Basecamp and of Rails.

import "trix";
import "trix/dist/trix.css";
import { add, offer, START } from "../page.js";

const initialized = new Promise((resolve) => addEventListener("trix-initialize", resolve, { once: true }));
const element = add("trix-editor", { "aria-label": "Editor" });
await initialized;
element.editor.loadHTML(`<div>${START.join("<br>")}</div>`);

/** The pieces of the document that are bold. */
function bold() {
  const pieces = element.editor.getDocument().getPieces();
  return pieces
    .filter((piece) => piece.getAttribute("bold"))
    .map((piece) => piece.toString())
    .join("");
}

offer({ truth: () => element.editor.getDocument().toString().replace(/\n$/, ""), bold });
