// The surroundings of what is in an element, derived from the element and its own surroundings; and where text in it goes.

import { closestShown } from "../dom";
import { attributeOf, hasAttribute } from "../native";
import type { Met } from "./candidate";
import { flows, isInert, Kind } from "./classify";
import { formOf, headingOf, isRow, isSection, landmarkRole, rowOf } from "./context";
import type { Item, Scope } from "./item";
import { Mark } from "./marks";
import { type Box, intersection } from "./visibility";

const LANDMARK_TAGS = new Set("aside dialog footer header main nav search section".split(" "));
const PART_TAGS = new Set("details dl fieldset form ol section table ul".split(" "));
const PART_ROLES = new Set("feed form grid group list listbox table tabpanel tree treegrid".split(" "));

/** Adds a piece of text to all it is told with. */
export function addText(scope: Pick<Scope, "sinks">, data: string): void {
  for (const sink of scope.sinks) sink.text.push(data);
}

/** Where the text in an element goes: what flows goes on to where its surroundings go, a block begins anew. */
function sinksFor(tag: string, item: Item | null, scope: Scope): Pick<Scope, "owner" | "sinks"> {
  if (item === null) {
    const joins = scope.control !== null || flows(tag);
    return joins ? { owner: scope.owner, sinks: scope.sinks } : { owner: null, sinks: [] };
  }
  // A link is part of the sentence it stands in; what a button or a field says is not.
  const apart = item.kind === Kind.Clickable && (tag === "li" || tag === "tr");
  const joins =
    (scope.control !== null && !apart) || (flows(tag) && (item.kind !== Kind.Control || item.role === "link"));
  return { owner: item, sinks: joins ? [...scope.sinks, item] : [item] };
}

/** What a scrolling part leaves to be seen, and to be listed: half of its height more on each side. */
function clipped(scope: Scope, box: Box): Pick<Scope, "region" | "view"> {
  const view = intersection(scope.view, box);
  if (scope.region === null) return { region: null, view };
  const margin = box.height / 2;
  const grown = { x: box.x, y: box.y - margin, width: box.width, height: box.height + 2 * margin };
  return { region: intersection(scope.region, grown), view };
}

/** Whether an element is a part of the page that can be asked for by itself when something was left out of it. */
function isPart(tag: string, role: string, item: Item | null): boolean {
  return PART_TAGS.has(tag) || PART_ROLES.has(role) || item?.scrollable === true;
}

/** The surroundings of what is in an element that the walk goes into; `item` is what it is listed as, if it is. */
export function inside(met: Met, item: Item | null, painted: boolean, scope: Scope): Scope {
  const { element, tag, role, about } = met;
  if (role === "heading") scope.section.heading = element;
  const landmark = (about & Mark.Role) !== 0 || LANDMARK_TAGS.has(tag) ? landmarkRole(element) : "";
  const section =
    landmark !== ""
      ? { heading: null }
      : isSection(element, about)
        ? { heading: scope.section.heading }
        : scope.section;
  const absorbs = item !== null && (item.kind === Kind.Control || item.kind === Kind.Clickable);
  const clip = item?.scrollable === true ? clipped(scope, met.box) : scope;
  const { owner, sinks } = sinksFor(tag, item, scope);
  return {
    parent: item ?? scope.parent,
    control: absorbs ? item : scope.control,
    owner,
    sinks,
    form: tag === "form" || role === "form" ? element : scope.form,
    landmark: landmark !== "" ? element : scope.landmark,
    section,
    row: isRow(element, about) ? element : scope.row,
    part: landmark !== "" || isPart(tag, role, item) ? element : scope.part,
    inert: scope.inert || isInert(element, about),
    pointer: scope.pointer || (item?.kind === Kind.Clickable && absorbs) || role === "link" || role === "button",
    label: scope.label || (tag === "label" && (element as HTMLLabelElement).control !== null),
    painted,
    region: clip.region,
    view: clip.view,
  };
}

/** Controls whose inside is their value. */
export function isEditingControl(item: Item): boolean {
  if (item.kind !== Kind.Control) return false;
  const value = attributeOf(item.element, "contenteditable");
  return value !== null && value.toLowerCase() !== "false";
}

/** The surroundings of an element that a walk starts at. */
export type Around = Partial<Pick<Scope, "form" | "landmark" | "row" | "section" | "inert">>;

/** Finds the surroundings of an element by going up. */
export function surroundingsOf(element: Element): Around {
  return {
    form: formOf(element),
    landmark: closestShown(element, (at) => at !== element && landmarkRole(at) !== ""),
    row: rowOf(element),
    section: { heading: headingOf(element) },
    inert: closestShown(element, (at) => hasAttribute(at, "inert")) !== null,
  };
}
