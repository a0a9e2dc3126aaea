// Makes one page state of the states of a tab's documents: ids become tab-wide, places become relative to the main
// viewport, limits hold over all frames together, and what was left out is counted. Pure: it asks nobody anything, and
// leaves what it is given as it is.

import { create } from "@bufbuild/protobuf";
import type { ErrorInfo } from "@gen/tabwire/v1/error_pb";
import type { FrameState } from "@gen/tabwire/v1/extension_pb";
import {
  type Element,
  type Frame,
  FrameSchema,
  type PageState,
  PageStateSchema,
  type StateRequest,
  StateScope,
  type Truncation,
  TruncationSchema,
} from "@gen/tabwire/v1/state_pb";
import { slotOf, tabWideId } from "../tabs/ids";
import { addSection, Budget, rankSections } from "./budget";
import { boxOf, inReadingOrder, overlaps, type Place, type PlacedFrame, placeFrames, samePlace } from "./places";

/** One document as it was perceived, or why it was not. */
export interface PerceivedFrame extends PlacedFrame {
  readonly documentId: string;
  readonly url: string;
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

/** Composes the page state of a tab. */
export function compose(parts: Parts): PageState {
  const main = parts.frames.find((frame) => frame.frameId === 0);
  const truncation = create(TruncationSchema);
  const state = create(PageStateSchema, {
    tabId: parts.tabId,
    url: parts.url,
    title: parts.title,
    documentId: main?.documentId ?? "",
    revision: BigInt(parts.revision),
    isLoading: parts.isLoading || (main?.state?.isLoading ?? false),
    scope: parts.options.scope || StateScope.VIEWPORT,
    truncation,
  });
  if (main?.error !== undefined) state.errorInfo = main.error;
  if (main?.state !== undefined) takeMain(state, main.state);

  const places = placeFrames(parts.frames, parts.nonces);
  const frames = inReadingOrder(parts.frames, places);
  state.frames = frames.map((frame) => describeFrame(frame, places.get(frame.frameId)));
  if (state.errorInfo === undefined) {
    const listed = frames.filter((frame) => frame.state !== undefined && isListed(frame, parts.options));
    state.actionableElements = listElements(listed, places, parts.options, state);
    rankSections(truncation);
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

/** The elements of all frames, one frame after another. */
function listElements(
  frames: readonly PerceivedFrame[],
  places: ReadonlyMap<number, Place>,
  options: StateRequest,
  state: PageState,
): Element[] {
  const truncation = state.truncation as Truncation;
  for (const frame of frames) addTruncation(truncation, frame.slot, frame.state?.truncation);
  const [first] = frames;
  // What one document tells of itself holds the limits already, and in the main one nothing is to be changed.
  if (frames.length === 1 && first?.slot === 0) return first.state?.elements ?? [];
  const list: Element[] = [];
  const budget = new Budget(options, truncation);
  for (const frame of frames) {
    const place = places.get(frame.frameId);
    let omitted = 0;
    for (const own of frame.state?.elements ?? []) {
      const element = frame.slot === 0 ? own : elementToTabWide(own, frame.slot, place);
      if (!isCovered(element, frame, place, state) || !budget.take(element, list)) omitted += 1;
    }
    const ownerId = place?.ownerId ?? 0;
    if (omitted > 0 && ownerId !== 0) {
      addSection(truncation, ownerId, `document "${frame.state?.title || frame.url}"`, omitted);
    }
  }
  return list;
}

/** What elements of documents inside of the page have become, so that what has not changed is the same object again. */
const made = new WeakMap<
  Element,
  { readonly slot: number; readonly place: Place | undefined; readonly element: Element }
>();

/** A document's own element as one of the tab. */
export function elementToTabWide(own: Element, slot: number, place: Place | undefined): Element {
  const before = made.get(own);
  if (before !== undefined && before.slot === slot && samePlace(before.place, place)) return before.element;
  const element = placed(own, slot, place);
  made.set(own, { slot, place, element });
  return element;
}

function placed(own: Element, slot: number, place: Place | undefined): Element {
  const element: Element = {
    ...own,
    id: tabWideId(slot, own.id),
    frameSlot: slot,
    parentId: own.parentId === 0 ? (place?.ownerId ?? 0) : tabWideId(slot, own.parentId),
  };
  if (place === undefined || own.bounds === undefined) {
    element.inViewport = false;
    return element;
  }
  element.bounds = { ...own.bounds, x: own.bounds.x + place.x, y: own.bounds.y + place.y };
  element.inViewport = own.inViewport && place.clip !== undefined && overlaps(place.clip, boxOf(element.bounds));
  return element;
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

function addTruncation(sum: Truncation, slot: number, part: Truncation | undefined): void {
  if (part === undefined) return;
  sum.elementsOmitted += part.elementsOmitted;
  sum.elementsAbove += part.elementsAbove;
  sum.elementsBelow += part.elementsBelow;
  sum.charactersCut += part.charactersCut;
  for (const section of part.sections) {
    addSection(sum, tabWideId(slot, section.elementId), section.title, section.elementsOmitted);
  }
}
