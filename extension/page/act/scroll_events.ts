// Scrolls so that the page hears of it. Chrome tells of scrolling with the next frame, and a tab that is not in front draws none:
// there lists that draw only what they show would stay empty. What the page would have heard in front is dispatched then.

import { sleep } from "../clock";

/** A frame that comes at all comes within this. */
const FRAME = 60;

/** Runs something that scrolls an element, and waits until the page has heard of it. Answers how far it went. */
export async function scrollHeard(element: Element, scroll: () => void): Promise<{ x: number; y: number }> {
  const { scrollLeft, scrollTop } = element;
  const isPage = element === document.scrollingElement;
  const target = isPage ? document : element;
  let heard = false;
  const hear = (): void => {
    heard = true;
  };
  target.addEventListener("scroll", hear, { capture: true, once: true });
  scroll();
  const way = { x: element.scrollLeft - scrollLeft, y: element.scrollTop - scrollTop };
  if ((way.x !== 0 || way.y !== 0) && document.hidden) {
    await sleep(FRAME);
    if (!heard) {
      for (const type of ["scroll", "scrollend"]) target.dispatchEvent(new Event(type, { bubbles: isPage }));
    }
  }
  target.removeEventListener("scroll", hear, { capture: true });
  return way;
}
