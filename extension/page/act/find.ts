// The actions that look for something all over the document: for a text, and for elements by role and name.

import type { FindElementsAction, FindTextAction } from "@gen/tabwire/v1/action_pb";
import type { Element as StateElement } from "@gen/tabwire/v1/state_pb";
import { fold, quote } from "../clean";
import { invalidArgument } from "../errors";
import { elementsLike } from "../extract/find_elements";
import { findText as matchesOf } from "../extract/find_text";
import { describeMany } from "../perceive/describe_many";
import { beginReading } from "../reading";
import type { ActContext, Outcome } from "./context";

const DEFAULT_ELEMENTS = 50;

/** Finds where the document says something. */
export async function findText(action: FindTextAction, ctx: ActContext): Promise<Outcome> {
  if (fold(action.text) === "") throw invalidArgument("text", "says something", "There is nothing to look for.");
  beginReading();
  const found = matchesOf(action.text, action.maxMatches, (element) => ctx.registry.idOf(element));
  const places = found.total === 1 ? "1 place" : `${found.total} places`;
  return {
    message: `Found ${quote(action.text)} in ${places}`,
    extracted: { case: "textMatches", value: found },
  };
}

/** Finds elements by role and name. */
export async function findElements(action: FindElementsAction, ctx: ActContext): Promise<Outcome> {
  const found = elementsLike({ role: action.role, name: action.name });
  const limit = action.maxElements || DEFAULT_ELEMENTS;
  const elements: StateElement[] = [];
  let total = found.length;
  for (let from = 0; from < found.length && elements.length < limit; ) {
    const asked = found.slice(from, from + limit - elements.length);
    from += asked.length;
    for (const told of describeMany(ctx.registry, asked)) {
      // What belongs to a control, as the heading in a link, is told with it.
      if (told === null) total--;
      else elements.push(told);
    }
  }
  const what = `${action.role === "" ? "element" : action.role}${total === 1 ? "" : "s"}`;
  const named = action.name === "" ? "" : ` with ${quote(action.name)} in the name`;
  return {
    message: `Found ${total} ${what}${named}`,
    extracted: { case: "elementList", value: { $typeName: "tabwire.v1.ElementList", elements, total } },
  };
}
