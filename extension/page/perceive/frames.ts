// Documents inside of the document. A content script cannot ask for the frame id of an iframe element; so the parent posts
// a nonce into the child, the child's content script (wire/frame_nonce.ts) reports it to the service worker, and the service worker, which
// knows both frames, sees which document sits in which element. The nonce proves nothing but that: whoever learns or
// repeats it can at most claim to sit where a frame of the same parent sits.

import type { ChildFrame } from "@gen/tabwire/v1/extension_pb";
import { NONCE_MARK } from "../../wire/frame_nonce";
import type { Registry } from "../registry";
import { type Box, boxOf, isVisible } from "./visibility";

/** One nonce for each frame element, kept while the element lives. */
const nonces = new WeakMap<Element, string>();

function nonceOf(element: Element): string {
  const known = nonces.get(element);
  if (known !== undefined) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const nonce = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  nonces.set(element, nonce);
  return nonce;
}

/** The box of a frame's document: without border and padding of the element. */
function contentBox(element: Element): Box {
  const outer = boxOf(element);
  const style = getComputedStyle(element);
  // Borders are told as they were before a transform made the element larger or smaller.
  const width = (element as HTMLElement).offsetWidth;
  const scale = width > 0 ? outer.width / width : 1;
  const px = (name: string): number => scale * (Number.parseFloat(style.getPropertyValue(name)) || 0);
  const left = px("border-left-width") + px("padding-left");
  const top = px("border-top-width") + px("padding-top");
  return {
    x: outer.x + left,
    y: outer.y + top,
    width: Math.max(0, outer.width - left - px("border-right-width") - px("padding-right")),
    height: Math.max(0, outer.height - top - px("border-bottom-width") - px("padding-bottom")),
  };
}

/** Where child documents are, for the elements that hold them. Posts each of them its nonce. */
export function childFrames(holders: readonly Element[], registry: Registry): ChildFrame[] {
  const found: ChildFrame[] = [];
  for (const element of holders) {
    const child = (element as HTMLIFrameElement).contentWindow;
    if (!child || !isVisible(element)) continue;
    const nonce = nonceOf(element);
    // The child may be of any origin, or of none. What it is told is worth nothing elsewhere.
    child.postMessage({ type: NONCE_MARK, nonce }, "*");
    const bounds = { $typeName: "tabwire.v1.Rect", ...contentBox(element) } as const;
    found.push({ $typeName: "tabwire.v1.ChildFrame", nonce, elementId: registry.idOf(element), bounds });
  }
  return found;
}
