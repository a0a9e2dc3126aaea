// Makes one page state of the states of a tab's documents: ids become tab-wide, places become relative to the main
// viewport, limits hold over all frames together, and what was left out is counted. Pure: it asks nobody anything.

import { create } from "@bufbuild/protobuf";
import type { ErrorInfo } from "@gen/tabwire/v1/error_pb";
import type { FrameState } from "@gen/tabwire/v1/extension_pb";
import {
  type Element,
  type Frame,
  FrameSchema,
  type PageState,
  PageStateSchema,
  type Rect,
  RectSchema,
  type StateRequest,
  StateScope,
  type Truncation,
  TruncationSchema,
} from "@gen/tabwire/v1/state_pb";
import { slotOf, tabWideId } from "./ids";

/** How many elements, and bytes of text, a state holds if the asker does not say. */
export const DEFAULT_MAX_ELEMENTS = 500;
export const DEFAULT_MAX_TEXT_BYTES = 262_144;

/** One document as it was perceived, or why it was not. */
export interface PerceivedFrame {
  readonly frameId: number;
  readonly parentFrameId: number;
  readonly slot: number;
  readonly documentId: string;
  readonly url: string;
  readonly state?: FrameState;
  readonly error?: ErrorInfo;
}

/** What a page state is made of. */
export interface Parts {
  readonly tabId: number;
  readonly url: string;
  readonly title: string;
  readonly isLoading: boolean;
  /** The main frame among them has frame id 0. */
  readonly frames: readonly PerceivedFrame[];
  /** Frame id by the nonce its parent posted into it. */
  readonly nonces: Readonly<Record<string, number>>;
  readonly options: StateRequest;
  readonly revision: number;
}

/** Where a frame sits: its own start in the main viewport's coordinates, and the part of the main viewport it can show. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly clip: Box | undefined;
  readonly ownerId: number;
  readonly parentSlot: number;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Composes the page state of a tab. */
export function compose(parts: Parts): PageState {
  const main = parts.frames.find((frame) => frame.frameId === 0);
  const state = create(PageStateSchema, {
    tabId: parts.tabId,
    url: parts.url,
    title: parts.title,
    documentId: main?.documentId ?? "",
    revision: BigInt(parts.revision),
    isLoading: parts.isLoading || (main?.state?.isLoading ?? false),
    scope: parts.options.scope || StateScope.VIEWPORT,
    truncation: create(TruncationSchema),
  });
  if (main?.error !== undefined) state.errorInfo = main.error;
  if (main?.state !== undefined) takeMain(state, main.state);

  const places = placeFrames(parts);
  const budget = new Budget(parts.options, state.truncation as Truncation);
  for (const frame of inReadingOrder(parts, places)) {
    const place = places.get(frame.frameId);
    state.frames.push(describeFrame(frame, place));
    if (frame.state === undefined || state.errorInfo !== undefined || !isListed(frame, parts.options)) continue;
    addTruncation(state.truncation as Truncation, frame.state.truncation);
    for (const element of frame.state.elements) {
      toTabWide(element, frame.slot, place);
      if (isCovered(element, frame, place, state)) budget.take(element, state.actionableElements);
    }
  }
  state.activeElementId = activeElement(parts, places);
  return state;
}

/** With a look at one element, the frames around it were asked for its place only. */
function isListed(frame: PerceivedFrame, options: StateRequest): boolean {
  return options.scope !== StateScope.ELEMENT || frame.slot === slotOf(options.elementId);
}

function takeMain(state: PageState, main: FrameState): void {
  if (main.title !== "") state.title = main.title;
  if (main.url !== "") state.url = main.url;
  if (main.scrollPosition !== undefined) state.scrollPosition = main.scrollPosition;
  if (main.viewportDimensions !== undefined) state.viewportDimensions = main.viewportDimensions;
  if (main.documentDimensions !== undefined) state.documentDimensions = main.documentDimensions;
}

/** Finds where every frame sits, from the main frame inwards. Frames whose place nobody told are left out of the map. */
function placeFrames(parts: Parts): Map<number, Place> {
  const places = new Map<number, Place>();
  const view = parts.frames.find((frame) => frame.frameId === 0)?.state?.viewportDimensions;
  const clip = view === undefined ? undefined : { left: 0, top: 0, right: view.width, bottom: view.height };
  places.set(0, { x: 0, y: 0, clip, ownerId: 0, parentSlot: 0 });
  const queue = [0];
  for (let frameId = queue.shift(); frameId !== undefined; frameId = queue.shift()) {
    const parent = parts.frames.find((frame) => frame.frameId === frameId);
    const around = places.get(frameId);
    if (parent?.state === undefined || around === undefined) continue;
    const children = parts.frames.filter((frame) => frame.parentFrameId === frameId && frame.frameId !== 0);
    for (const [child, held] of matchChildren(parts, parent.state, children)) {
      const bounds = held.bounds ?? create(RectSchema);
      const x = around.x + bounds.x;
      const y = around.y + bounds.y;
      const box = { left: x, top: y, right: x + bounds.width, bottom: y + bounds.height };
      places.set(child.frameId, {
        x,
        y,
        clip: around.clip === undefined ? undefined : intersect(around.clip, box),
        ownerId: tabWideId(parent.slot, held.elementId),
        parentSlot: parent.slot,
      });
      queue.push(child.frameId);
    }
  }
  return places;
}

/** Which child frame sits in which element: by nonce; and where exactly one of each is left over, by elimination. */
function matchChildren(parts: Parts, parent: FrameState, children: readonly PerceivedFrame[]) {
  const pairs: [PerceivedFrame, FrameState["childFrames"][number]][] = [];
  const left = new Set(children);
  const unknown = [];
  for (const held of parent.childFrames) {
    const child = children.find((frame) => frame.frameId === parts.nonces[held.nonce]);
    if (child === undefined) {
      unknown.push(held);
    } else {
      pairs.push([child, held]);
      left.delete(child);
    }
  }
  const [onlyHeld] = unknown;
  const [onlyChild] = left;
  if (unknown.length === 1 && left.size === 1 && onlyHeld !== undefined && onlyChild !== undefined) {
    pairs.push([onlyChild, onlyHeld]);
  }
  return pairs;
}

/** The main frame, then each frame's children by where they sit; frames of unknown place last. */
function inReadingOrder(parts: Parts, places: ReadonlyMap<number, Place>): PerceivedFrame[] {
  const ordered: PerceivedFrame[] = [];
  const visit = (frame: PerceivedFrame): void => {
    ordered.push(frame);
    const inside = parts.frames.filter((child) => child.parentFrameId === frame.frameId && child.frameId !== 0);
    inside.sort((a, b) => position(a) - position(b) || a.slot - b.slot);
    for (const child of inside) visit(child);
  };
  const position = (frame: PerceivedFrame): number => places.get(frame.frameId)?.y ?? Number.MAX_SAFE_INTEGER;
  for (const frame of parts.frames) if (frame.frameId === 0) visit(frame);
  for (const frame of parts.frames) if (!ordered.includes(frame)) ordered.push(frame);
  return ordered;
}

function describeFrame(frame: PerceivedFrame, place: Place | undefined): Frame {
  const description = create(FrameSchema, {
    slot: frame.slot,
    documentId: frame.documentId,
    url: frame.url,
    parentSlot: place?.parentSlot ?? 0,
    ownerElementId: place?.ownerId ?? 0,
  });
  if (frame.error !== undefined) description.errorInfo = frame.error;
  return description;
}

/** Turns a document's own element into one of the tab, in place. */
function toTabWide(element: Element, slot: number, place: Place | undefined): void {
  element.id = tabWideId(slot, element.id);
  element.frameSlot = slot;
  element.parentId = element.parentId === 0 ? (place?.ownerId ?? 0) : tabWideId(slot, element.parentId);
  if (slot === 0) return;
  if (place === undefined || element.bounds === undefined) {
    element.inViewport = false;
    return;
  }
  element.bounds.x += place.x;
  element.bounds.y += place.y;
  element.inViewport = element.inViewport && place.clip !== undefined && overlaps(place.clip, boxOf(element.bounds));
}

/** Whether a child frame's element belongs to the covered part of the tab. Counts it as left out if not. */
function isCovered(element: Element, frame: PerceivedFrame, place: Place | undefined, state: PageState): boolean {
  if (frame.slot === 0 || state.scope !== StateScope.VIEWPORT) return true;
  const view = state.viewportDimensions;
  if (place === undefined || element.bounds === undefined || view === undefined) return true;
  const margin = view.height / 2;
  const truncation = state.truncation as Truncation;
  const { top, bottom } = boxOf(element.bounds);
  if (bottom >= -margin && top <= view.height + margin) return true;
  truncation.elementsOmitted += 1;
  if (bottom < -margin) truncation.elementsAbove += 1;
  else truncation.elementsBelow += 1;
  return false;
}

/** The focused element of the innermost frame that has the focus. */
function activeElement(parts: Parts, places: ReadonlyMap<number, Place>): number {
  let frame = parts.frames.find((candidate) => candidate.frameId === 0);
  let active = 0;
  while (frame?.state !== undefined && frame.state.activeElementId !== 0) {
    active = tabWideId(frame.slot, frame.state.activeElementId);
    const owner = active;
    frame = parts.frames.find((inner) => inner.frameId !== 0 && places.get(inner.frameId)?.ownerId === owner);
  }
  return active;
}

function addTruncation(sum: Truncation, part: Truncation | undefined): void {
  if (part === undefined) return;
  sum.elementsOmitted += part.elementsOmitted;
  sum.elementsAbove += part.elementsAbove;
  sum.elementsBelow += part.elementsBelow;
  sum.charactersCut += part.charactersCut;
}

/** Holds the limits over all frames together. */
class Budget {
  #elements: number;
  #bytes: number;
  readonly #utf8 = new TextEncoder();

  constructor(
    options: StateRequest,
    private readonly truncation: Truncation,
  ) {
    this.#elements = options.maxElements || DEFAULT_MAX_ELEMENTS;
    this.#bytes = options.maxTextBytes || DEFAULT_MAX_TEXT_BYTES;
  }

  /** Lists the element, with its text cut if it must be; or counts it as left out. */
  take(element: Element, list: Element[]): void {
    if (this.#elements === 0) {
      this.truncation.elementsOmitted += 1;
      this.truncation.elementsBelow += 1;
      return;
    }
    this.#elements -= 1;
    this.#bytes -= this.#size(element.name) + this.#size(element.currentValue ?? "");
    const kept = this.#cut(element.textContent);
    this.truncation.charactersCut += element.textContent.length - kept.length;
    element.textContent = kept;
    this.#bytes -= this.#size(kept);
    list.push(element);
  }

  #size(text: string): number {
    return text === "" ? 0 : this.#utf8.encode(text).length;
  }

  #cut(text: string): string {
    if (text === "" || this.#size(text) <= this.#bytes) return text;
    const room = new Uint8Array(Math.max(0, this.#bytes));
    const { read } = this.#utf8.encodeInto(text, room);
    return text.slice(0, read);
  }
}

function boxOf(rect: Rect): Box {
  return { left: rect.x, top: rect.y, right: rect.x + rect.width, bottom: rect.y + rect.height };
}

function intersect(a: Box, b: Box): Box {
  return {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  };
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
