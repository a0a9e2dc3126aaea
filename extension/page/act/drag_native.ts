// Drag and drop as HTML has it: dragstart, dragenter, dragover, drop, dragend, with one DataTransfer for all of them. Chrome
// keeps a script's DataTransfer from carrying effects, so pages read "none" for dropEffect; whether a place takes the drop is
// told by what it does to dragover.

import { nextTask } from "../clock";
import { property, tagOf } from "../dom";
import { isConnected } from "../native";
import { cancelPointer, type Down, pointerInit } from "./dispatch_pointer";
import { type Journey, nextFrame, pointsBetween, under, waitFor } from "./drag_pointer";
import type { Point } from "./hit_test";

/** What came of it: the page did not let the drag begin, the drop was taken, or it was not. */
export type NativeDrag = "prevented" | "dropped" | "refused";

/** A library that starts its drag a moment after dragstart shows it within this; timers of hidden tabs are slow. */
const STARTED = 60;
const STARTED_HIDDEN = 1200;
/** How often the place of the drop is told to be hovered before the drop. */
const HOVERS = 3;

/** Dispatches a drag event. Answers whether its default was prevented. */
export function fireDrag(
  element: Element,
  type: string,
  point: Point,
  data: DataTransfer,
  to: Element | null,
): boolean {
  const cancelable = !/^(dragleave|dragend)$/.test(type);
  const init = { ...pointerInit(point, { buttons: type === "drop" ? 0 : 1 }), cancelable, relatedTarget: to };
  return !element.dispatchEvent(new DragEvent(type, { ...init, dataTransfer: data }));
}

/** What a browser puts into the drag of a link or a picture. */
function dataOf(source: HTMLElement): DataTransfer {
  const data = new DataTransfer();
  const address = property<string>(source, tagOf(source) === "img" ? "src" : "href");
  if (address !== undefined && source.getAttribute("draggable") !== "true") {
    data.setData("text/uri-list", address);
    data.setData("text/plain", address);
  }
  return data;
}

/** Where something that is dragged is, and whether it is taken there. */
export class DragOver {
  private readonly data: DataTransfer;
  private current: Element | null = null;
  private accepted = false;

  constructor(data: DataTransfer) {
    this.data = data;
  }

  /** Moves to a point: enters, leaves, and tells what is there that it is hovered. */
  move(point: Point): void {
    const element = under(point);
    const before = this.current;
    if (element !== before) {
      fireDrag(element, "dragenter", point, this.data, before);
      if (before !== null && isConnected(before)) fireDrag(before, "dragleave", point, this.data, element);
      this.current = element;
    }
    this.accepted = fireDrag(element, "dragover", point, this.data, null);
  }

  /** Lets go. Answers whether the drop was taken. */
  drop(point: Point): boolean {
    if (this.current === null || !isConnected(this.current)) return false;
    fireDrag(this.current, this.accepted ? "drop" : "dragleave", point, this.data, null);
    return this.accepted;
  }
}

/** Drags something that the browser would drag by itself. The pointer is down on it. */
export async function dragNatively(source: HTMLElement, down: Down, journey: Journey): Promise<NativeDrag> {
  const data = dataOf(source);
  const before = journey.changes();
  if (fireDrag(source, "dragstart", down.point, data, null)) return "prevented";
  cancelPointer(down.element, down.point, down.held);
  await waitFor(() => journey.changes() > before, document.hidden ? STARTED_HIDDEN : STARTED);
  await nextFrame();
  const over = new DragOver(data);
  const goal = journey.to();
  for (const point of pointsBetween(down.point, goal, journey.size)) {
    if (isConnected(source)) fireDrag(source, "drag", point, data, null);
    over.move(point);
    await nextTask();
  }
  for (let i = 0; i < HOVERS; i++) {
    await nextFrame();
    over.move(goal);
  }
  const taken = over.drop(goal);
  if (isConnected(source)) fireDrag(source, "dragend", goal, data, null);
  return taken ? "dropped" : "refused";
}
