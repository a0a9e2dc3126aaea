// What every page of this folder offers to its tests: `truth()`, which reads the model of the editor or kit and never the
// document, and `ready`, once it can be used.

/** Starts text that every editor page shows, as paragraphs. */
export const START = ["First line", "Second line"];

/** Tells the test that the page can be used, and how its truth is read. */
export function offer(reads) {
  Object.assign(window, reads);
  window.ready = true;
}

/** Adds an element to the page. */
export function add(tag, attributes = {}, text = "") {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  document.querySelector("#root").append(element);
  return element;
}
