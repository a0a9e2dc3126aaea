// Rich editors that keep a model of their own: the text in the page follows the model, so writing into the page alone is
// worth nothing, or lies. Which way each takes text was measured; those that take none say so.

import { closestShown } from "../dom";
import { matches, ownerOf } from "../native";

/** An editor that is told by its marks in the page. */
export interface Editor {
  readonly name: string;
  /** True if only real typing reaches its model. */
  readonly trusted: boolean;
  /** It selects all only by its own key binding. */
  readonly selectByKey: boolean;
}

const EDITORS: readonly (readonly [string, Editor])[] = [
  [".monaco-editor", { name: "Monaco", trusted: true, selectByKey: false }],
  [".cm-content", { name: "CodeMirror", trusted: false, selectByKey: true }],
  ["[data-slate-editor]", { name: "Slate", trusted: false, selectByKey: false }],
  ["[data-lexical-editor]", { name: "Lexical", trusted: false, selectByKey: false }],
  [".ck-editor__editable", { name: "CKEditor", trusted: false, selectByKey: false }],
  [".ProseMirror", { name: "ProseMirror", trusted: false, selectByKey: false }],
  [".ql-editor", { name: "Quill", trusted: false, selectByKey: false }],
];

/** The editor that a field belongs to, if it is one that takes no plain typing. */
export function editorAround(field: Element): Editor | null {
  for (const [selector, editor] of EDITORS) {
    if (closestShown(field, (at) => matches(at, selector)) !== null) return editor;
  }
  return null;
}

/** Pastes text over what is in an editor, or after it. */
export function pasteInto(field: Element, editor: Editor, text: string, append: boolean): void {
  const selection = ownerOf(field).getSelection();
  selection?.selectAllChildren(field);
  if (append) selection?.collapseToEnd();
  else if (editor.selectByKey) {
    const chord = {
      key: "a",
      code: "KeyA",
      keyCode: 65,
      ctrlKey: true,
      bubbles: true,
      cancelable: true,
      composed: true,
    };
    field.dispatchEvent(new KeyboardEvent("keydown", chord));
  }
  // Editors follow the selection by an event that Chrome sends later than the paste would come.
  ownerOf(field).dispatchEvent(new Event("selectionchange"));
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true, composed: true }));
}
