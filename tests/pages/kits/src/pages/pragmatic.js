// Pragmatic drag and drop, which stands on HTML5 drag and drop: cards that are dropped into boxes, and files from outside.

import { combine } from "@atlaskit/pragmatic-drag-and-drop/combine";
import { draggable, dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { dropTargetForExternal } from "@atlaskit/pragmatic-drag-and-drop/external/adapter";
import { getFiles } from "@atlaskit/pragmatic-drag-and-drop/external/file";
import { offer } from "../page.js";
import "../kits.css";

const root = document.querySelector("#root");
root.innerHTML = `<section><button class="card">Card A</button><button class="card">Card B</button></section>
  <section><div class="box" role="group" aria-label="Inbox">Inbox</div>
  <div class="box" role="group" aria-label="Archive">Archive</div></section>`;

const state = { Inbox: [], Archive: [], files: [], over: [] };
for (const card of root.querySelectorAll(".card")) {
  draggable({ element: card, getInitialData: () => ({ card: card.textContent }) });
}
for (const box of root.querySelectorAll(".box")) {
  const name = box.textContent;
  combine(
    dropTargetForElements({
      element: box,
      onDragEnter: () => state.over.push(name),
      onDrop: ({ source }) => state[name].push(source.data.card),
    }),
    dropTargetForExternal({
      element: box,
      onDrop: ({ source }) => state.files.push(...getFiles({ source }).map((file) => file.name)),
    }),
  );
}

offer({ truth: () => state });
