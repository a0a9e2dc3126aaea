// Whether what a WaitAction waits for, or what is expected of an action, holds in this document: a text shown, an element
// there and visible, or quiet. The address is checked by the service worker, which also asks a wait again until it holds; how
// an action waits for what is expected of it is told in expect.ts.

import type { Expectation, WaitAction } from "@gen/tabwire/v1/action_pb";
import type { ElementQuery } from "@gen/tabwire/v1/extract_pb";
import { fold } from "../clean";
import { isElement, property, shownChildren, tagOf } from "../dom";
import { PageError } from "../errors";
import { elementsLike } from "../extract/find_elements";
import { attributeOf, bodyOf, nodeTypeOf } from "../native";
import { isSkipped } from "../perceive/classify";
import { readableText } from "../perceive/text";
import { isVisible } from "../perceive/visibility";
import { beginReading } from "../reading";
import type { Registry } from "../registry";
import { isSecret } from "../secrets";
import { waitForQuiet } from "./quiet";

const QUIET = 100;
const QUIET_LIMIT = 400;

function squeeze(text: string): string {
  return text.replace(/\s+/g, "").toLowerCase();
}

/** All text there is, shown or not, without looking at style: to say no quickly. */
function anyText(start: Element): string {
  const parts: string[] = [];
  const stack: Node[] = [start];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (nodeTypeOf(node) === 3) parts.push((node as Text).data);
    if (!isElement(node) || isSkipped(tagOf(node))) continue;
    if (/^(img|input|select|textarea)$/.test(tagOf(node)) && !isSecret(node)) {
      parts.push(property<string>(node, "value") ?? "", attributeOf(node, "alt") ?? "");
    }
    const children = Array.from(shownChildren(node));
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i];
      if (child !== undefined) stack.push(child);
    }
  }
  return squeeze(parts.join(""));
}

/** Whether the page shows a text, compared without case and with white space folded. */
export function showsText(text: string): boolean {
  const body = bodyOf(document);
  const wanted = fold(text).toLowerCase();
  if (body === null || wanted === "") return false;
  if (!anyText(body).includes(squeeze(wanted))) return false;
  return fold(readableText(body)).toLowerCase().includes(wanted);
}

/** Whether an element is still there and visible. */
function showsElement(id: number, registry: Registry): boolean {
  try {
    return isVisible(registry.resolve(id, document).element);
  } catch (thrown) {
    if (thrown instanceof PageError) return false;
    throw thrown;
  }
}

/** Whether there is a visible element of a role and name. */
function showsElementLike(query: ElementQuery): boolean {
  return elementsLike(query).some(isVisible);
}

/** Whether what is expected of an action is seen now. The address is that of this document. */
export function isMet(expectation: Expectation, registry: Registry): boolean {
  const { kind, gone } = expectation;
  beginReading();
  switch (kind.case) {
    case "text":
      return showsText(kind.value) !== gone;
    case "url":
      return document.location.href.includes(kind.value) !== gone;
    case "elementId":
      return showsElement(kind.value, registry) !== gone;
    case "element":
      return showsElementLike(kind.value) !== gone;
    default:
      return false;
  }
}

/** Whether a condition holds now; for quiet, whether it holds for a moment from now. */
export async function conditionHolds(
  wait: WaitAction,
  registry: Registry,
  roots: readonly (Document | ShadowRoot)[],
): Promise<boolean> {
  switch (wait.condition.case) {
    case "text":
      return showsText(wait.condition.value) !== wait.gone;
    case "elementId":
      return showsElement(wait.condition.value, registry) !== wait.gone;
    case "url":
      return document.location.href.includes(wait.condition.value) !== wait.gone;
    default:
      if (document.readyState === "loading") return false;
      return waitForQuiet(roots, QUIET, QUIET_LIMIT);
  }
}
