// TinyMCE, whose editable area is the body of a frame.

import tinymce from "tinymce";
import "tinymce/icons/default";
import "tinymce/models/dom";
import "tinymce/themes/silver";
import "tinymce/skins/ui/oxide/skin.css";
import { add, offer, START } from "../page.js";

const area = add("textarea");
area.value = START.map((line) => `<p>${line}</p>`).join("");
const [editor] = await tinymce.init({
  target: area,
  license_key: "gpl",
  skin: false,
  content_css: false,
  promotion: false,
  iframe_aria_text: "Editor",
});

/** What the editor would save, as text. */
function truth() {
  const saved = document.createElement("template");
  saved.innerHTML = editor.getContent().replace(/<\/p>\s*|<br[^>]*>/g, "\n");
  return saved.content.textContent;
}

/** What it would save as bold. */
function bold() {
  const saved = document.createElement("template");
  saved.innerHTML = editor.getContent();
  return Array.from(saved.content.querySelectorAll("strong"), (element) => element.textContent).join("");
}

offer({ truth, bold });
