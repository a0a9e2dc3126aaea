// Draft.js, which is no longer worked on but still in many pages. It needs React 18.

import { ContentState, Editor, EditorState, RichUtils } from "draft-js";
import "draft-js/dist/Draft.css";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { offer, START } from "../page.js";

let latest = EditorState.createWithContent(ContentState.createFromText(START.join("\n")));

function App() {
  const [state, setState] = useState(latest);
  latest = state;
  const onKey = (command, now) => {
    const next = RichUtils.handleKeyCommand(now, command);
    if (next === null) return "not-handled";
    setState(next);
    return "handled";
  };
  return <Editor editorState={state} onChange={setState} handleKeyCommand={onKey} ariaLabel="Editor" />;
}

function bold() {
  let found = "";
  for (const block of latest.getCurrentContent().getBlocksAsArray()) {
    block
      .getText()
      .split("")
      .forEach((letter, at) => {
        if (block.getInlineStyleAt(at).has("BOLD")) found += letter;
      });
  }
  return found;
}

createRoot(document.querySelector("#root")).render(<App />);
offer({ truth: () => latest.getCurrentContent().getPlainText("\n"), bold });
