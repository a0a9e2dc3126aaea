// Elements that the walk has passed and that may come to look otherwise without a trace: fields, whose values are properties;
// what scrolls; what is no candidate only because of its size; what is still loading. Each is compared with how it was, and
// what differs is looked at anew.

import { shadowRootOf, tagOf } from "../dom";
import { checkVisibility, firstElementOf, hasAttribute, localNameOf, matches, openRootOf } from "../native";
import { isSecret } from "../secrets";
import type { Met } from "./candidate";
import { isLeaf, Kind, standIn } from "./classify";
import type { Item } from "./item";
import { type Box, boxOf, hasLayout } from "./visibility";

/** Why an element is watched. */
export enum Watch {
  /** Its value, and whether it is checked, are no attributes. */
  Field,
  /** What is in it can be scrolled. */
  Scroll,
  /** What it is depends on its size. */
  Size,
  /** A picture without its size, or a custom element that may not be what it will be. */
  Pending,
  /** It may get a shadow root. */
  Host,
  /** Another element may stand for it, or not any more. */
  StandIn,
  /** It is looked at each time. */
  Always,
}

/** The tags of fields. */
const FIELDS = new Set("input select textarea".split(" "));

function isField(tag: string): boolean {
  return FIELDS.has(tag);
}

function fieldNow(element: Element): string {
  const field = element as HTMLInputElement;
  const invalid = matches(element, ":user-invalid") ? "!" : "";
  const tag = tagOf(element);
  if (tag === "select") {
    const select = element as unknown as HTMLSelectElement;
    const chosen = select.multiple
      ? Array.from(select.selectedOptions, (option) => option.index).join()
      : select.selectedIndex;
    return `${invalid}${chosen} ${select.value}`;
  }
  const { type } = field;
  const marks = `${invalid}${field.checked ? "x" : "o"}${field.indeterminate ? "-" : ""}`;
  if (type === "checkbox" || type === "radio") return marks; // their value is an attribute
  const value = isSecret(element) ? field.value.length : field.value;
  if (tag === "textarea") return `${invalid}${value}`;
  const files = type === "file" ? Array.from(field.files ?? [], (file) => file.name).join("/") : "";
  return `${marks}${value}${files}`;
}

function scrolled(element: Element): string {
  const { scrollTop, scrollLeft, scrollHeight, scrollWidth, clientHeight, clientWidth } = element;
  return [scrollTop, scrollLeft, scrollHeight, scrollWidth, clientHeight, clientWidth].join(" ");
}

/** The first element in a possible host is rendered. */
const SHOWN = "shown";

function shownIn(host: Element): string {
  const child = firstElementOf(host);
  return child !== null && hasLayout && checkVisibility(child) ? SHOWN : "";
}

function stateOf(element: Element, why: Watch): string {
  if (why === Watch.Field) return fieldNow(element);
  if (why === Watch.Scroll) return scrolled(element);
  return why === Watch.Host ? shownIn(element) : "";
}

/** One element that is watched, and how it was when the walk passed it. */
export class Watched {
  readonly element: Element;
  readonly why: Watch;
  private readonly state: string;
  private readonly box: Box | null;
  private readonly label: Element | null;

  /** `box` is where the element is, for one whose size matters; `label` what stands for it. */
  constructor(element: Element, why: Watch, box: Box | null = null, label: Element | null = null) {
    this.element = element;
    this.why = why;
    this.state = stateOf(element, why);
    this.box = box;
    this.label = label;
  }

  /** Whether it has to be looked at anew. */
  get differs(): boolean {
    switch (this.why) {
      case Watch.Field:
        return fieldNow(this.element) !== this.state;
      case Watch.Scroll:
        return scrolled(this.element) !== this.state;
      case Watch.Pending:
        return !isPending(this.element);
      case Watch.Host:
        return this.isHost;
      case Watch.StandIn:
        return standIn(this.element) !== this.label;
      case Watch.Size:
        return this.hasOtherSize;
      default:
        return true;
    }
  }

  /** A closed root cannot be seen, but that what it stands before is not rendered any more. */
  private get isHost(): boolean {
    const child = firstElementOf(this.element);
    if (child === null) return shadowRootOf(this.element) !== null;
    return openRootOf(this.element) !== null || (this.state === SHOWN && !checkVisibility(child));
  }

  private get hasOtherSize(): boolean {
    const now = boxOf(this.element);
    return now.width !== this.box?.width || now.height !== this.box.height;
  }
}

/** Whether a picture has not got its size yet, or a custom element no shadow root. */
export function isPending(element: Element): boolean {
  const name = localNameOf(element);
  if (name.includes("-")) return shadowRootOf(element) === null;
  if (name === "img") return !(element as HTMLImageElement).complete;
  return name === "video" && (element as HTMLVideoElement).readyState === 0;
}

/** Whether a label may stand for an element that is not painted itself. */
export function mayHaveStandIn(element: Element, tag: string): boolean {
  return tag === "input" && /^(?:checkbox|file|radio)$/.test((element as HTMLInputElement).type);
}

/** Whether what is in an element can be scrolled, if only by script. */
function scrolls({ overflowY }: CSSStyleDeclaration): boolean {
  return overflowY !== "visible" && overflowY !== "clip";
}

function mayScroll({ element, tag }: Met, clips: boolean): boolean {
  return clips || tag === "dialog" || hasAttribute(element, "style") || hasAttribute(element, "popover");
}

/** Takes what is to be watched. */
export interface Watcher {
  watch(watched: Watched): void;
}

/** Has an element that the walk has come to watched as far as needed. `clips` tells that style sheets speak of what scrolls. */
export function watchMet(met: Met, item: Item | null, painted: boolean, clips: boolean, by: Watcher): void {
  const { element, tag, label, place } = met;
  if (isField(tag)) by.watch(new Watched(element, Watch.Field));
  if (!painted && mayHaveStandIn(element, tag)) by.watch(new Watched(element, Watch.StandIn, null, label));
  else if (label !== null || tag === "area") by.watch(new Watched(element, Watch.Always));
  else if ((tag.includes("-") || tag === "img" || tag === "video") && isPending(element))
    by.watch(new Watched(element, Watch.Pending));
  // Its size has been asked for and was not what makes it a candidate.
  if (place !== null && label === null && (item === null || item.kind === Kind.Text))
    by.watch(new Watched(element, Watch.Size, place));
  if (painted && hasLayout && !isLeaf(tag) && mayScroll(met, clips) && scrolls(met.style))
    by.watch(new Watched(element, Watch.Scroll));
}
