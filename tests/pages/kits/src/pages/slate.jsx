// Slate with React: the usual rich text set-up with a mark for bold. With #chat, Enter sends and empties.

import { useMemo } from "react";
import { createRoot } from "react-dom/client";
import { createEditor, Editor, Node, Transforms } from "slate";
import { withHistory } from "slate-history";
import { Editable, Slate, withReact } from "slate-react";
import { offer, START } from "../page.js";

const chat = location.hash === "#chat";
const sent = [];
const editor = withHistory(withReact(createEditor()));
const paragraph = (text) => ({ type: "paragraph", children: [{ text }] });
const textOf = () => editor.children.map((node) => Node.string(node)).join("\n");

function Leaf({ attributes, children, leaf }) {
  return <span {...attributes}>{leaf.bold ? <strong>{children}</strong> : children}</span>;
}

function onKeyDown(event) {
  if ((event.ctrlKey || event.metaKey) && event.key === "b") {
    event.preventDefault();
    if (Editor.marks(editor)?.bold) Editor.removeMark(editor, "bold");
    else Editor.addMark(editor, "bold", true);
  }
  if (chat && event.key === "Enter") {
    event.preventDefault();
    sent.push(textOf());
    Transforms.delete(editor, { at: { anchor: Editor.start(editor, []), focus: Editor.end(editor, []) } });
  }
}

function App() {
  const initial = useMemo(() => (chat ? [paragraph("")] : START.map(paragraph)), []);
  return (
    <Slate editor={editor} initialValue={initial}>
      <Editable aria-label="Editor" renderLeaf={Leaf} onKeyDown={onKeyDown} />
    </Slate>
  );
}

createRoot(document.querySelector("#root")).render(<App />);

offer({
  truth: textOf,
  bold: () =>
    Array.from(Node.texts(editor))
      .filter(([text]) => text.bold)
      .map(([text]) => text.text)
      .join(""),
  sent,
});
