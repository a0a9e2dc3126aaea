// CodeMirror 6. With #long it holds more lines than it draws.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { add, offer, START } from "../page.js";

const long = Array.from({ length: 2000 }, (_, at) => `line ${at + 1}`);
const view = new EditorView({
  parent: add("div", { style: "height: 300px" }),
  state: EditorState.create({
    doc: (location.hash === "#long" ? long : START).join("\n"),
    extensions: [
      history(),
      lineNumbers(),
      keymap.of([...defaultKeymap, ...historyKeymap]),
      EditorView.contentAttributes.of({ "aria-label": "Editor" }),
      EditorView.theme({ "&": { height: "300px" }, ".cm-scroller": { overflow: "auto" } }),
    ],
  }),
});

offer({ truth: () => view.state.doc.toString() });
