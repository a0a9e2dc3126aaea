// Takes a picture of what a tab shows, or of one element of it. Chrome can do that only for the tab that is shown in its
// window, and only twice a second, so captures wait for their turn. What is cut out and marked is told in picture.ts.

import { create } from "@bufbuild/protobuf";
import {
  type ActionResult,
  ActionSchema,
  ActionStatus,
  ImageSchema,
  type ScreenshotAction,
} from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { DimensionsSchema, type PageState, StateRequestSchema, StateScope } from "@gen/tabwire/v1/state_pb";
import { base64Decode } from "../../wire/base64";
import { pause } from "../clock";
import { BrowserError, failure, messageOf } from "../errors";
import { type Area, areaOf, coversOf, draw, marksOf, scaleOf } from "../states/picture";
import { slotOf } from "../tabs/ids";
import { type ActionCall, succeeded } from "./context";
import { inPage } from "./in_page";

/** How many captures Chrome allows in how long. */
const CAPTURES = 2;
const CAPTURES_IN_MS = 1_050;
/** How many elements are looked at for marks. */
const MOST_MARKED = 2_000;
/** How many are looked at for secrets: as many as there can be. */
const MOST_LOOKED_AT = 20_000;

type Call = ActionCall<ScreenshotAction>;

/** Takes the state of the tab. */
export type TakeState = (options: ReturnType<typeof stateOptions>) => Promise<PageState>;

/** See ScreenshotAction. */
export async function screenshot(call: Call, takeState: TakeState): Promise<ActionResult> {
  const tab = await call.tabs.get(call.tabId);
  if (!tab.active) throw notShown();
  const { elementId, marks } = call.kind;
  const one = elementId === 0 ? undefined : await bringIntoView(call, takeState);
  const state = marks ? await takeState(stateOptions(StateScope.VIEWPORT, 0, MOST_MARKED)) : one;
  if (state?.errorInfo !== undefined) throw new BrowserError(state.errorInfo);
  const before = await lookForSecrets(call, takeState);
  const url = await capture(call, tab.windowId);
  const after = await lookForSecrets(call, takeState);
  // The person may have turned to another tab meanwhile; then the picture is of that one.
  if (!(await call.tabs.get(call.tabId)).active) throw notShown();
  const bytes = base64Decode(url.slice(url.indexOf(",") + 1));
  const mimeType = call.kind.jpegQuality > 0 ? "image/jpeg" : "image/png";
  const picture = await createImageBitmap(new Blob([bytes], { type: mimeType }));
  try {
    const scale = scaleOf(sizeOf(picture), state?.viewportDimensions ?? sizeOf(picture));
    const bounds = one?.actionableElements.find((element) => element.id === elementId)?.bounds;
    const shown =
      elementId === 0 ? { x: 0, y: 0, ...sizeOf(picture) } : bounds && areaOf(bounds, sizeOf(picture), scale);
    if (shown === undefined) throw notVisible(elementId);
    const marked = marks ? marksOf(state?.actionableElements ?? [], shown, scale) : [];
    const covers = [before, after].flatMap(({ actionableElements, viewportDimensions }) =>
      coversOf(actionableElements, shown, scaleOf(sizeOf(picture), viewportDimensions ?? sizeOf(picture))),
    );
    const isWhole = shown.width === picture.width && shown.height === picture.height && covers.length === 0;
    const quality = call.kind.jpegQuality > 0 ? { quality: call.kind.jpegQuality / 100 } : {};
    const data =
      isWhole && !marks
        ? bytes
        : await draw(picture, shown, { marks: marked, covers }, scale, { type: mimeType, ...quality });
    return told(call, { mimeType, data, shown, marked: marks ? marked.length : undefined });
  } finally {
    picture.close();
  }
}

/** Where the tab shows secrets. Looked at before the picture and after it, in case the page moved meanwhile. */
async function lookForSecrets(call: Call, takeState: TakeState): Promise<PageState> {
  const state = await takeState(stateOptions(StateScope.VIEWPORT, 0, MOST_LOOKED_AT));
  // Of a page that cannot be looked into, as a PDF, there may be pictures, but not where a secret was filled in.
  if (state.errorInfo !== undefined && (await call.filledIn.isIn(call.tabId))) throw new BrowserError(state.errorInfo);
  return state;
}

function told(
  call: Call,
  image: { mimeType: string; data: Uint8Array; shown: Area; marked: number | undefined },
): ActionResult {
  const { mimeType, data, shown, marked } = image;
  const dimensions = create(DimensionsSchema, { width: shown.width, height: shown.height });
  const what = call.kind.elementId === 0 ? "" : ` of element ${call.kind.elementId}`;
  const marks = marked === undefined ? "" : ` with ${marked} marks`;
  const message = `Took a picture${what} of ${shown.width} by ${shown.height} pixels${marks}.`;
  const result = succeeded(call, { message });
  result.extracted = { case: "image", value: create(ImageSchema, { mimeType, data, dimensions }) };
  return result;
}

function sizeOf({ width, height }: { width: number; height: number }) {
  return create(DimensionsSchema, { width, height });
}

function stateOptions(scope: StateScope, elementId: number, maxElements: number) {
  return create(StateRequestSchema, { scope, elementId, maxElements });
}

/** Scrolls the element into view if it is not, first the documents that it is in, and answers with the state of it. */
async function bringIntoView(call: Call, takeState: TakeState): Promise<PageState> {
  const { elementId } = call.kind;
  const look = (): Promise<PageState> => takeState(stateOptions(StateScope.ELEMENT, elementId, 1));
  let state = await look();
  if (isInView(state, elementId)) return state;
  for (const id of [...ownersOf(state, elementId), elementId]) {
    const kind = { case: "scroll", value: { elementId: id } } as const;
    const action = create(ActionSchema, { id: `${call.action.id}#${id}`, documentId: "", kind });
    if (id === elementId) action.documentId = call.action.documentId;
    const scrolled = await inPage({ ...call, action, kind: action.kind.value });
    if (scrolled.status !== ActionStatus.SUCCEEDED && scrolled.errorInfo !== undefined && id === elementId) {
      throw new BrowserError(scrolled.errorInfo);
    }
  }
  state = await look();
  return state;
}

function isInView(state: PageState, elementId: number): boolean {
  const bounds = state.actionableElements.find((element) => element.id === elementId)?.bounds;
  const view = state.viewportDimensions;
  if (bounds === undefined || view === undefined) return false;
  const isAcross = bounds.x >= 0 && bounds.x + bounds.width <= view.width;
  return isAcross && bounds.y >= 0 && bounds.y + bounds.height <= view.height;
}

/** The elements that hold the documents around an element, the outermost first. */
function ownersOf(state: PageState, elementId: number): number[] {
  const owners: number[] = [];
  let slot = slotOf(elementId);
  while (slot !== 0) {
    const frame = state.frames.find((candidate) => candidate.slot === slot);
    if (frame === undefined || frame.ownerElementId === 0) break;
    owners.unshift(frame.ownerElementId);
    slot = frame.parentSlot;
  }
  return owners;
}

/** When the latest captures were made, of all tabs; and the end of the line. */
const captures: number[] = [];
let line: Promise<unknown> = Promise.resolve();

async function capture(call: Call, windowId: number): Promise<string> {
  const turn = line.then(async () => {
    const wait = captures.length < CAPTURES ? 0 : (captures[0] as number) + CAPTURES_IN_MS - Date.now();
    if (wait > 0) await pause(wait, call.signal);
    return await captureNow(call, windowId);
  });
  line = turn.catch(() => {});
  return await turn;
}

async function captureNow(call: Call, windowId: number): Promise<string> {
  const quality = call.kind.jpegQuality;
  for (;;) {
    call.signal.throwIfAborted();
    captures.push(Date.now());
    captures.splice(0, captures.length - CAPTURES);
    try {
      if (quality === 0) return await chrome.tabs.captureVisibleTab(windowId, { format: "png" });
      return await chrome.tabs.captureVisibleTab(windowId, { format: "jpeg", quality });
    } catch (thrown) {
      const message = messageOf(thrown);
      // Another life of this worker, or another extension page, has used the allowance up.
      const isTooSoon = message.includes("MAX_CAPTURE_VISIBLE_TAB_CALLS_PER_SECOND");
      if (!isTooSoon || Date.now() + 600 > call.until) throw refused(message);
      await pause(550, call.signal);
    }
  }
}

function notShown(): Error {
  return failure(ErrorCode.FAILED_PRECONDITION, "Chrome takes pictures only of the tab that is shown in its window.", {
    remedy: "Bring the tab to the front, then try again.",
  });
}

function notVisible(elementId: number): Error {
  return failure(ErrorCode.TARGET_ELEMENT_NOT_INTERACTABLE, `Nothing of element ${elementId} is to be seen.`, {
    remedy: "Look at the page again: it may be hidden, or covered by the edge of what is around it.",
  });
}

function refused(message: string): Error {
  if (/cannot access|not allowed|permission/i.test(message)) {
    return failure(ErrorCode.RESTRICTED_PAGE, "Chrome lets no extension take a picture of this page.", {
      remedy: "Go to an ordinary web page.",
    });
  }
  return failure(ErrorCode.OPERATION_FAILED_IN_TARGET, "Chrome could not take a picture of the tab.", {
    remedy: "See that the tab's window is not minimized, then try again.",
    retryable: true,
  });
}
