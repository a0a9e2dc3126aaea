// The order in which a person meets elements that lie in a document and in its shadow roots.

import { isShadowRoot } from "../dom";
import { positionOf, rootNodeOf } from "../native";

/** An element after the hosts that it is in, from the outside in. */
function pathOf(element: Element): Element[] {
  const path = [element];
  for (let root = rootNodeOf(element); isShadowRoot(root); root = rootNodeOf(root.host)) path.unshift(root.host);
  return path;
}

function compare(left: readonly Element[], right: readonly Element[]): number {
  let level = 0;
  while (level < left.length && left[level] === right[level]) level++;
  const [a, b] = [left[level], right[level]];
  if (a === undefined || b === undefined) return left.length - right.length;
  return positionOf(a, b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
}

/** Puts things into the order of their elements. Those of one element stay as they are. */
export function inOrder<T>(things: T[], elementOf: (thing: T) => Element): T[] {
  const keyed = things.map((thing) => ({ thing, path: pathOf(elementOf(thing)) }));
  const sorted = (i: number): boolean => compare(keyed[i - 1]?.path ?? [], keyed[i]?.path ?? []) <= 0;
  if (keyed.every((_, i) => i === 0 || sorted(i))) return things;
  return keyed.sort((a, b) => compare(a.path, b.path)).map(({ thing }) => thing);
}
