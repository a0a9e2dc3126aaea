// What the attributes of an element are about, found in one look at their names. Most elements have no attribute that
// matters, and asking for each of forty by name costs more than all else about an element. What the attributes say is
// read by those who find their mark here.

import { attributeNamesOf, hasAttributes } from "../native";
import { NAMING_EVENTS, saysPress } from "./handlers";

/** The attributes that are told, in the order in which they are. */
export const TELLING: readonly string[] = (
  "type href placeholder name title alt src value min max step maxlength pattern accept multiple target download " +
  "autocomplete inputmode aria-haspopup aria-current aria-sort aria-level aria-roledescription data-testid"
).split(" ");

/** What attributes may be about. */
export enum Mark {
  /** Its accessible name. */
  Name = 1,
  /** Its accessible description, besides the title. */
  Description = 2,
  Title = 4,
  /** What it is like now: checked, expanded and so on. */
  State = 8,
  Disabled = 16,
  Drag = 32,
  Drop = 64,
  Class = 128,
  Id = 256,
  Editable = 512,
  Role = 1024,
  /** What stands in a field as long as it is empty. */
  Placeholder = 2048,
  Link = 4096,
  TabIndex = 8192,
  Inert = 16_384,
  /** It says that a press is heard. */
  Press = 32_768,
  /** Its value may say that a press is heard. */
  Events = 65_536,
  Style = 131_072,
  /** Anything else. */
  Other = 262_144,
}

/** For an element whose attributes have not been looked at: it may have any. */
export const ANY = -1;

const MARKED: Readonly<Partial<Record<keyof typeof Mark, string>>> = {
  Name: "aria-label aria-labelledby",
  Description: "aria-describedby aria-description",
  Title: "title",
  State:
    "aria-checked aria-selected aria-pressed aria-expanded aria-required aria-invalid aria-readonly popovertarget required",
  Disabled: "aria-disabled",
  Drag: "draggable aria-grabbed aria-roledescription data-rbd-drag-handle-draggable-id",
  Drop: "ondrop",
  Class: "class",
  Id: "id",
  Editable: "contenteditable",
  Role: "role",
  Placeholder: "aria-placeholder placeholder",
  Link: "href xlink:href",
  Style: "style",
  TabIndex: "tabindex",
  Inert: "inert",
  Events: [...NAMING_EVENTS].join(" "),
};

const MARKS = new Map<string, number>();
for (const [mark, names] of Object.entries(MARKED)) {
  for (const name of names.split(" ")) MARKS.set(name, (MARKS.get(name) ?? 0) | Mark[mark as keyof typeof Mark]);
}
for (const [name, mark] of MARKS) if (saysPress(name)) MARKS.set(name, mark | Mark.Press);
const TOLD = new Map(TELLING.map((name, index) => [name, 1 << index]));

/** A page may use any number of names; what is remembered of them is not to grow with it. */
const REMEMBERED = 2_000;

function judge(name: string): number {
  const mark = saysPress(name) ? Mark.Press : Mark.Other;
  if (MARKS.size < REMEMBERED) MARKS.set(name, mark);
  return mark;
}

/** What the attributes of one element are about. */
export interface Marks {
  /** Marks, put together. */
  readonly about: number;
  /** Which of TELLING it has, one bit for each. */
  readonly telling: number;
}

const NONE: Marks = { about: 0, telling: 0 };

/** Looks at the names of all attributes. */
export function marksOf(element: Element): Marks {
  if (!hasAttributes(element)) return NONE;
  const names = attributeNamesOf(element);
  let about = 0;
  let telling = 0;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    about |= MARKS.get(name) ?? judge(name);
    telling |= TOLD.get(name) ?? 0;
  }
  return { about, telling };
}
