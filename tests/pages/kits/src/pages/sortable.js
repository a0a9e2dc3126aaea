// SortableJS: two lists that can be sorted and filled from each other, by HTML5 drag and drop; with #fallback, by pointer
// events.

import Sortable from "sortablejs";
import { offer } from "../page.js";
import "../kits.css";

document.querySelector("#root").innerHTML = `<section>
  <ul id="todo" class="list" aria-label="To do"><li>One</li><li>Two</li><li>Three</li></ul>
  <ul id="done" class="list" aria-label="Done"><li>Four</li></ul></section>`;

const state = { ends: 0 };
const options = {
  group: "cards",
  animation: 0,
  forceFallback: location.hash === "#fallback",
  onEnd: () => {
    state.ends++;
  },
  // The order as SortableJS itself would save it.
  dataIdAttr: "data-id",
};
const lists = ["todo", "done"].map((id) => {
  for (const item of document.querySelectorAll(`#${id} > li`)) item.dataset.id = item.textContent;
  return [id, Sortable.create(document.querySelector(`#${id}`), { ...options })];
});

offer({ truth: () => ({ ...state, ...Object.fromEntries(lists.map(([id, list]) => [id, list.toArray()])) }) });
