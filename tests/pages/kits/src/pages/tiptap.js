// TipTap, and so ProseMirror. With #chat, Enter sends what is written and empties the editor, as messengers do.

import { Editor, Extension } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";
import { add, offer, START } from "../page.js";

const sent = [];
const textOf = (editor) => editor.state.doc.textBetween(0, editor.state.doc.content.size, "\n", "\n");

const Send = Extension.create({
  name: "send",
  priority: 1000,
  addKeyboardShortcuts() {
    return {
      Enter: () => {
        sent.push(textOf(this.editor));
        return this.editor.commands.clearContent(true);
      },
    };
  },
});

const chat = location.hash === "#chat";
const editor = new Editor({
  element: add("div"),
  extensions: chat ? [StarterKit, Send] : [StarterKit],
  content: chat ? "" : START.map((line) => `<p>${line}</p>`).join(""),
  editorProps: { attributes: { "aria-label": "Editor", role: "textbox", "aria-multiline": "true" } },
});

function bold() {
  const found = [];
  editor.state.doc.descendants((node) => {
    if (node.isText && node.marks.some((mark) => mark.type.name === "bold")) found.push(node.text);
  });
  return found.join("");
}

offer({ truth: () => textOf(editor), bold, sent });
