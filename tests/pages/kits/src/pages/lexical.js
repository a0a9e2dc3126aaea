// Lexical with its rich text and history plugins, without React.

import { createEmptyHistoryState, registerHistory } from "@lexical/history";
import { registerRichText } from "@lexical/rich-text";
import { $createParagraphNode, $createTextNode, $getRoot, createEditor } from "lexical";
import { add, offer, START } from "../page.js";

const host = add("div", { contenteditable: "true", "aria-label": "Editor", role: "textbox" });
const editor = createEditor({
  namespace: "page",
  onError: (error) => {
    throw error;
  },
});
editor.setRootElement(host);
registerRichText(editor);
editor.update(
  () => {
    $getRoot().clear();
    for (const line of START) $getRoot().append($createParagraphNode().append($createTextNode(line)));
  },
  { discrete: true, tag: "history-merge" },
);
registerHistory(editor, createEmptyHistoryState(), 300);

const read = (what) => editor.getEditorState().read(what);
offer({
  truth: () =>
    read(() =>
      $getRoot()
        .getChildren()
        .map((child) => child.getTextContent())
        .join("\n"),
    ),
  bold: () =>
    read(() =>
      $getRoot()
        .getAllTextNodes()
        .filter((node) => node.hasFormat("bold"))
        .map((node) => node.getTextContent())
        .join(""),
    ),
});
