// Fields that only catch what is typed for an editor that draws its text itself: the hidden text area of Monaco, Ace and
// CodeMirror 5, or an element with an EditContext. They have no size of their own and hold no text of their own, so what
// stands for them on the page is the editor around them.

import { shownParent, tagOf } from "../dom";
import { attributeOf, boundingBox, hasAttribute } from "../native";
import { boxOf, hasLayout, Rendering, renderingOf } from "./visibility";

/** Below this, in pixels, a text area is not there to be seen. */
const UNSEEN = 4;
/** From this on, in pixels, something around it is the editor. */
const EDITOR_SIZE = 16;

/** Whether an element takes typing through an EditContext. */
export function hasEditContext(element: Element): boolean {
  return (element as { editContext?: unknown }).editContext instanceof Object;
}

/** Whether a text area is put out of sight, but can be typed into. */
function isUnseenTextArea(element: Element): boolean {
  if (tagOf(element) !== "textarea" || !hasLayout) return false;
  const area = element as HTMLTextAreaElement;
  // Copies that measure the height of another text area are unseen too; nobody can type into them.
  if (area.readOnly || area.disabled || area.tabIndex < 0 || attributeOf(element, "aria-hidden") === "true")
    return false;
  if (hasAttribute(element, "hidden")) return false;
  const box = boxOf(element);
  if (box.width < UNSEEN || box.height < UNSEEN) return renderingOf(element) === Rendering.Painted;
  const style = getComputedStyle(element);
  if (style.opacity === "0") return true;
  const parent = shownParent(element);
  if (parent === null || style.position !== "absolute") return false;
  if (Number(style.zIndex) < 0) return true; // behind what the editor draws
  const around = boundingBox(parent);
  return (around.width < UNSEEN || around.height < UNSEEN) && getComputedStyle(parent).overflow === "hidden";
}

/** Whether it is worth asking for the editor of an element: by what costs nothing to know. */
export function mayBeProxy(tag: string, role: string): boolean {
  return role === "textbox" || tag === "textarea" || tag === "canvas";
}

/** The editor that a field catches the typing for; null for every other element. */
export function editorOfProxy(element: Element): Element | null {
  const own = hasEditContext(element);
  if (!own && !isUnseenTextArea(element)) return null;
  for (let at = own ? element : shownParent(element); at !== null; at = shownParent(at)) {
    if (/^(body|html)$/.test(tagOf(at))) return null;
    const box = boundingBox(at);
    if (box.width >= EDITOR_SIZE && box.height >= EDITOR_SIZE) return at;
  }
  return null;
}

/** Whether a field only catches the typing for an editor. */
export function isTypingProxy(element: Element): boolean {
  return editorOfProxy(element) !== null;
}
