// Where the documents of a tab sit: which one is in which element of which other one, its place in the main viewport, and
// in which order a person reads them. Pure.

import { create } from "@bufbuild/protobuf";
import type { FrameState } from "@gen/tabwire/v1/extension_pb";
import { type Rect, RectSchema } from "@gen/tabwire/v1/state_pb";
import { tabWideId } from "../tabs/ids";

/** A document as far as its place is concerned. */
export interface PlacedFrame {
  readonly frameId: number;
  readonly parentFrameId: number;
  readonly slot: number;
  readonly state?: FrameState;
}

/** Where a frame sits: its own start in the main viewport's coordinates, and the part of the main viewport it can show. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly clip: Box | undefined;
  readonly ownerId: number;
  readonly parentSlot: number;
}

/** A rectangle by its edges. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Finds where every frame sits, from the main frame (frame id 0) inwards. Frames whose place nobody told are left out of
 * the map. `nonces` is the frame id by the nonce that its parent posted into it.
 */
export function placeFrames(
  frames: readonly PlacedFrame[],
  nonces: Readonly<Record<string, number>>,
): Map<number, Place> {
  const places = new Map<number, Place>();
  const view = frames.find((frame) => frame.frameId === 0)?.state?.viewportDimensions;
  const clip = view === undefined ? undefined : { left: 0, top: 0, right: view.width, bottom: view.height };
  places.set(0, { x: 0, y: 0, clip, ownerId: 0, parentSlot: 0 });
  const queue = [0];
  for (let frameId = queue.shift(); frameId !== undefined; frameId = queue.shift()) {
    const parent = frames.find((frame) => frame.frameId === frameId);
    const around = places.get(frameId);
    if (parent?.state === undefined || around === undefined) continue;
    const children = frames.filter((frame) => frame.parentFrameId === frameId && frame.frameId !== 0);
    for (const [child, held] of matchChildren(nonces, parent.state, children)) {
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
function matchChildren(
  nonces: Readonly<Record<string, number>>,
  parent: FrameState,
  children: readonly PlacedFrame[],
): [PlacedFrame, FrameState["childFrames"][number]][] {
  const pairs: [PlacedFrame, FrameState["childFrames"][number]][] = [];
  const left = new Set(children);
  const unknown = [];
  for (const held of parent.childFrames) {
    const child = children.find((frame) => frame.frameId === nonces[held.nonce]);
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
export function inReadingOrder<Frame extends PlacedFrame>(
  frames: readonly Frame[],
  places: ReadonlyMap<number, Place>,
): Frame[] {
  const ordered: Frame[] = [];
  const visit = (frame: Frame): void => {
    ordered.push(frame);
    const inside = frames.filter((child) => child.parentFrameId === frame.frameId && child.frameId !== 0);
    inside.sort((a, b) => position(a) - position(b) || a.slot - b.slot);
    for (const child of inside) visit(child);
  };
  const position = (frame: Frame): number => places.get(frame.frameId)?.y ?? Number.MAX_SAFE_INTEGER;
  for (const frame of frames) if (frame.frameId === 0) visit(frame);
  for (const frame of frames) if (!ordered.includes(frame)) ordered.push(frame);
  return ordered;
}

/** Whether two frames sit in the same place and show the same part. */
export function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.x !== b.x || a.y !== b.y || a.ownerId !== b.ownerId) return false;
  if (a.clip === undefined || b.clip === undefined) return a.clip === b.clip;
  const { left, top, right, bottom } = a.clip;
  return left === b.clip.left && top === b.clip.top && right === b.clip.right && bottom === b.clip.bottom;
}

/** The edges of a rectangle. */
export function boxOf(rect: Rect): Box {
  return { left: rect.x, top: rect.y, right: rect.x + rect.width, bottom: rect.y + rect.height };
}

/** What two rectangles have in common; its edges are crossed if that is nothing. */
export function intersect(a: Box, b: Box): Box {
  return {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  };
}

/** Whether two rectangles have anything in common. */
export function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
