// What a person had in mind with the context menu: the element that it was opened on. The one thing that is listened to while
// nothing is asked.

import { shadowRootOf, shownParent } from "./dom";

/** Remembers the element of the last context menu of this document. */
export class ContextMenuMemory {
  private last: WeakRef<Element> | null = null;

  constructor() {
    window.addEventListener("contextmenu", this.remember, { capture: true, passive: true });
  }

  /** Ends the listening. */
  dispose(): void {
    window.removeEventListener("contextmenu", this.remember, { capture: true });
  }

  /** The element of the last context menu, and what is around it, from the inside out. */
  path(): Element[] {
    const path: Element[] = [];
    for (let at: Element | null = this.last?.deref() ?? null; at?.isConnected === true; at = shownParent(at))
      path.push(at);
    return path;
  }

  private readonly remember = (event: MouseEvent): void => {
    let element = event.composedPath()[0] ?? event.target;
    if (!(element instanceof Element)) return;
    const inner = shadowRootOf(element)?.elementFromPoint(event.clientX, event.clientY);
    if (inner) element = inner;
    this.last = new WeakRef(element as Element);
  };
}
