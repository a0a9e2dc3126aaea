// react-dnd with its HTML5 backend: pieces that are dropped into squares, and files from outside.

import { DndProvider, useDrag, useDrop } from "react-dnd";
import { HTML5Backend, NativeTypes } from "react-dnd-html5-backend";
import { createRoot } from "react-dom/client";
import { offer } from "../page.js";
import "../kits.css";

const state = { left: [], right: [], files: [] };

function Piece({ name }) {
  const [, drag] = useDrag({ type: "piece", item: { name } });
  return (
    <button type="button" ref={drag}>
      {name}
    </button>
  );
}

function Square({ name }) {
  const [, drop] = useDrop({
    accept: ["piece", NativeTypes.FILE],
    drop: (item) => {
      if (item.files) state.files.push(...Array.from(item.files, (file) => file.name));
      else state[name].push(item.name);
    },
  });
  return (
    <div ref={drop} className="box" role="group" aria-label={`Square ${name}`}>
      {name}
    </div>
  );
}

createRoot(document.querySelector("#root")).render(
  <DndProvider backend={HTML5Backend}>
    <section>
      <Piece name="Knight" />
      <Piece name="Bishop" />
    </section>
    <section>
      <Square name="left" />
      <Square name="right" />
    </section>
  </DndProvider>,
);
offer({ truth: () => state });
