// Whether the attributes of an element say that something happens when it is pressed or dragged. Listeners that a page adds
// by script cannot be seen from a content script; the marks that frameworks leave or read in the document can.

import { attributeOf, hasAttributes } from "../native";

/** Attributes that mean a press is heard, whatever their value. */
const PRESSED = new Set(
  (
    "onclick ondblclick onmousedown onmouseup onpointerdown onpointerup ontouchstart ng-click data-ng-click ng-mousedown " +
    "v-on:click wire:click phx-click data-phx-click unicorn:click hx-get hx-post hx-put hx-patch hx-delete data-hx-get " +
    "data-hx-post data-hx-put data-hx-patch data-hx-delete data-toggle data-bs-toggle data-dismiss data-bs-dismiss " +
    "data-ember-action data-href data-onclick data-clickable up-follow popovertarget"
  ).split(" "),
);

/** The same for attributes with modifiers in their names, as @click.prevent or x-on:click.stop. */
const PRESSED_WITH_MODIFIERS = /^(?:@|x-on:|v-on:|wire:|on:|hx-on:{1,2}|\()(?:click|dblclick|mousedown|pointerdown)\b/;

/** Attributes that name events in their values. */
export const NAMING_EVENTS: ReadonlySet<string> = new Set(["data-action", "data-bind", "jsaction", "on"]);
const NAMED = /\b(?:click|tap)\b\s*(?:->|:|;|$)|\bclick:/;

/** Whether an attribute of this name says that a press is heard. */
export function saysPress(name: string): boolean {
  return PRESSED.has(name) || PRESSED_WITH_MODIFIERS.test(name);
}

/** Whether an attribute says that something happens at a press. */
export function hasHandler(element: Element): boolean {
  if (!hasAttributes(element)) return false;
  for (const name of attributeNames(element)) {
    if (saysPress(name)) return true;
    if (NAMING_EVENTS.has(name) && NAMED.test(attributeOf(element, name) ?? "")) return true;
  }
  return false;
}

/** Words in class names by which drag libraries mark what can be dragged, or the handle of it. */
const DRAG_CLASS = /(?:^|[\s_-])(?:draggable|drag-?handle|sortable-(?:item|handle)|cdk-drag|grab-?handle)(?:$|[\s_])/i;

const classVerdicts = new Map<string, boolean>();
/** A page may use any number of them; what is remembered is not to grow with it. */
const REMEMBERED = 2_000;

/** There are few values of class on a page, so each is judged once. */
function saysDrag(words: string): boolean {
  const known = classVerdicts.get(words);
  if (known !== undefined) return known;
  const verdict = DRAG_CLASS.test(words);
  if (classVerdicts.size < REMEMBERED) classVerdicts.set(words, verdict);
  return verdict;
}

/** Whether an element says that it can be dragged. */
export function saysDraggable(element: Element): boolean {
  if (!hasAttributes(element)) return false;
  const words = attributeOf(element, "class");
  if (words !== null && saysDrag(words)) return true;
  if (attributeOf(element, "draggable")?.toLowerCase() === "true") return true;
  if (attributeOf(element, "aria-grabbed") !== null) return true;
  if (/\b(?:draggable|sortable)\b/i.test(attributeOf(element, "aria-roledescription") ?? "")) return true;
  return attributeOf(element, "data-rbd-drag-handle-draggable-id") !== null;
}

function attributeNames(element: Element): string[] {
  return Element.prototype.getAttributeNames.call(element);
}
