// Monaco, the editor of VS Code. Where the browser has EditContext it types through that; with #textarea, through a hidden
// text area, as it did before. With #long it holds more lines than it draws.

import * as monaco from "monaco-editor/editor/editor.api.js";
import "monaco-editor/features/register.all.js";
import EditorWorker from "monaco-editor/editor/editor.worker.js?worker";
import { add, offer, START } from "../page.js";

self.MonacoEnvironment = { getWorker: () => new EditorWorker() };

const long = Array.from({ length: 2000 }, (_, at) => `line ${at + 1}`);
const editor = monaco.editor.create(add("div", { style: "height: 300px" }), {
  value: (location.hash === "#long" ? long : START).join("\n"),
  language: "plaintext",
  ariaLabel: "Editor",
  ...(location.hash === "#textarea" ? { editContext: false } : {}),
});

offer({ truth: () => editor.getValue() });
