// CKEditor 5, the classic editor.

import { Bold, Italic } from "@ckeditor/ckeditor5-basic-styles";
import { ClassicEditor } from "@ckeditor/ckeditor5-editor-classic";
import { Essentials } from "@ckeditor/ckeditor5-essentials";
import { Paragraph } from "@ckeditor/ckeditor5-paragraph";
import "@ckeditor/ckeditor5-ui/dist/index.css";
import "@ckeditor/ckeditor5-editor-classic/dist/index.css";
import { add, offer, START } from "../page.js";

const editor = await ClassicEditor.create(add("div"), {
  licenseKey: "GPL",
  plugins: [Essentials, Paragraph, Bold, Italic],
  toolbar: ["bold", "italic", "undo", "redo"],
  initialData: START.map((line) => `<p>${line}</p>`).join(""),
});

editor.editing.view.change((writer) => {
  writer.setAttribute("aria-label", "Editor", editor.editing.view.document.getRoot());
});

/** The texts of the model, by paragraph. */
function lines() {
  const root = editor.model.document.getRoot();
  return Array.from(root.getChildren(), (block) => Array.from(block.getChildren()));
}

const textOf = (item) => (item.is("$text") ? item.data : "\n");

offer({
  truth: () =>
    lines()
      .map((items) => items.map(textOf).join(""))
      .join("\n"),
  bold: () =>
    lines()
      .flat()
      .filter((item) => item.is("$text") && item.hasAttribute("bold"))
      .map(textOf)
      .join(""),
});
