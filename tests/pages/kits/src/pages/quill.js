// Quill 2.

import Quill from "quill";
import "quill/dist/quill.snow.css";
import { add, offer, START } from "../page.js";

const quill = new Quill(add("div"), { theme: "snow", modules: { toolbar: [["bold", "italic"]] } });
quill.root.setAttribute("aria-label", "Editor");
quill.root.setAttribute("role", "textbox");
quill.setText(START.join("\n"), "api");
quill.history.clear();

offer({
  truth: () => quill.getText().replace(/\n$/, ""),
  bold: () =>
    quill
      .getContents()
      .ops.filter((op) => op.attributes?.bold)
      .map((op) => op.insert)
      .join(""),
});
