// Fields without a kit, each with something that makes writing into it hard; and imask, a library for input masks. `truth()`
// is what the page's own handlers have heard and kept, as an application's model would be.

import IMask from "imask";
import { offer } from "../page.js";
import "../kits.css";

const state = { events: [] };
const root = document.querySelector("#root");

/** Adds a labelled field; its value is kept in the state by the field's own input events. */
function field(label, html, listen = () => {}) {
  const row = document.createElement("p");
  row.innerHTML = html.startsWith("<div") ? html : `<label>${label} ${html}</label>`;
  root.append(row);
  const element = row.querySelector("input,textarea,div");
  if (html.startsWith("<div")) element.setAttribute("aria-label", label);
  element.addEventListener("input", () => {
    state[label] = element.value ?? element.innerText;
  });
  listen(element, label);
  return element;
}

const TYPES = [
  "text",
  "search",
  "email",
  "tel",
  "url",
  "password",
  "date",
  "time",
  "datetime-local",
  "month",
  "week",
  "color",
];
for (const type of TYPES) field(`Type ${type}`, `<input type="${type}">`);
field("Type number", '<input type="number" min="0" max="10" step="0.5">');
field("Type range", '<input type="range" min="0" max="100" step="5" value="20">');
field("Late date", '<input type="date" min="2026-01-01" max="2026-12-31">');
field("Area", "<textarea></textarea>");
field("Free", '<div contenteditable="true" role="textbox" class="box"></div>');
field("Plain only", '<div contenteditable="plaintext-only" role="textbox" class="box"></div>');
field("Short", '<input maxlength="5">');
field("Code", '<input pattern="[A-Z]{3}" title="Three capitals">');

const mask = IMask(field("Card", "<input>"), { mask: "0000 0000 0000 0000" });
const number = IMask(field("Price", "<input>"), { mask: Number, thousandsSeparator: ",", radix: ".", scale: 2 });
for (const [label, it] of [
  ["Card", mask],
  ["Price", number],
]) {
  it.on("accept", () => {
    state[label] = it.unmaskedValue;
  });
}

field("Rounds when left", "<input>", (element, label) => {
  element.addEventListener("change", () => {
    element.value = Number(element.value).toFixed(2);
    state[label] = element.value;
  });
});
field("Clears when left", "<input>", (element, label) => {
  element.addEventListener("blur", () => {
    element.value = "";
    state[label] = "";
  });
});
field("Clears at once", "<input>", (element, label) => {
  element.addEventListener("input", () => {
    element.value = "";
    state[label] = "";
  });
});
field("Clears later", "<input>", (element, label) => {
  element.addEventListener("input", () => {
    setTimeout(() => {
      element.value = "";
      state[label] = "";
      element.setAttribute("aria-invalid", "true");
    }, 20);
  });
});
field("No pasting", '<div contenteditable="true" role="textbox" class="box"></div>', (element) => {
  element.addEventListener("paste", (event) => event.preventDefault());
});
field("No typing", '<div contenteditable="true" role="textbox" class="box">as it is</div>', (element) => {
  element.addEventListener("beforeinput", (event) => event.preventDefault());
});
field("Lies", '<div contenteditable="true" role="textbox" class="box">model text</div>', (element, label) => {
  // An editor whose model hears only beforeinput: what is put into the document alone is shown and lost.
  state[label] = "model text";
  element.addEventListener("beforeinput", (event) => {
    event.preventDefault();
    const selection = getSelection();
    const all = selection.toString().trim() === element.innerText.trim();
    const before = all ? "" : state[label];
    if (event.inputType === "insertText") state[label] = before + event.data;
    else if (event.inputType === "insertParagraph") state[label] = `${before}\n`;
    else if (event.inputType.startsWith("delete")) state[label] = all ? "" : before.slice(0, -1);
    element.innerText = state[label];
    selection.selectAllChildren(element);
    selection.collapseToEnd();
  });
});
field("Composes", "<input>", (element, label) => {
  let composing = false;
  element.addEventListener("compositionstart", () => {
    composing = true;
  });
  element.addEventListener("compositionend", () => {
    composing = false;
    state[label] = element.value;
  });
  element.addEventListener("input", () => {
    if (composing) throw new Error("input while composing");
  });
});
field("Keys only", "<input>", (element, label) => {
  // A field that takes its text from the keyboard's events.
  state[label] = "";
  element.addEventListener("keyup", () => {
    state[label] = element.value;
  });
});
field("Send", '<textarea placeholder="Enter sends"></textarea>', (element) => {
  state.sent = [];
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    state.sent.push(element.value);
    element.value = "";
  });
});

const frame = document.createElement("iframe");
frame.title = "Letter";
root.append(frame);
frame.contentDocument.designMode = "on";
frame.contentDocument.body.innerHTML = "<p>Dear all</p>";
frame.contentDocument.body.setAttribute("aria-label", "Letter");

offer({ truth: () => ({ ...state, letter: frame.contentDocument.body.innerText.trim() }) });
