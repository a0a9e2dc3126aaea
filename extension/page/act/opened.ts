// What an action brought up: dialogs, menus, lists, popovers and alerts that were not shown before. Told from what changed,
// never by a search of the whole page.

import { isElement, tagOf } from "../dom";
import { attributeOf, closest, isConnected, matches, parentElementOf, queryAll } from "../native";
import { landmarkName } from "../perceive/context";
import { inWords } from "../perceive/describe";
import { roleOf } from "../perceive/role";
import { isVisible } from "../perceive/visibility";

const POPUPS =
  'dialog[open],[role="dialog"],[role="alertdialog"],[role="menu"],[role="listbox"],[role="tooltip"],[role="alert"],[popover]';
/** Attributes by which something is shown that was there already. */
const SHOWING = new Set("aria-hidden class data-open data-state hidden open style".split(" "));
/** So many things are told at most. */
const TOLD = 3;

/** More changes than this at once are not searched for alerts whose text they change. */
const MANY = 200;

/** The last popups that were told to be open, so that they can be told again after they were closed. */
let told: WeakRef<Element>[] = [];
const REMEMBERED = 20;

/** Collects what may have been opened. */
export class Openings {
  private readonly candidates = new Set<Element>();
  /** Popups that were told before and are closed now. */
  private readonly closed = new Set<Element>();
  private readonly isNew: (element: Element) => boolean;

  /** `isNew` tells whether an element has never been listed in a state. */
  constructor(isNew: (element: Element) => boolean) {
    this.isNew = isNew;
    for (const ref of told) {
      const popup = ref.deref();
      if (popup !== undefined && !(isConnected(popup) && isVisible(popup))) this.closed.add(popup);
    }
  }

  /** Takes note of what changed. */
  note(records: readonly MutationRecord[]): void {
    for (const record of records) {
      if (record.type !== "attributes" && records.length < MANY) this.alert(record.target);
      if (record.type === "childList") {
        for (const node of record.addedNodes) if (isElement(node)) this.within(node);
      } else if (record.type === "attributes" && SHOWING.has(record.attributeName ?? "")) {
        this.shown(record);
      }
    }
  }

  /** Takes note of a popover that says of itself that it opens or closes. */
  toggled(element: Element, opens: boolean): void {
    if (opens) this.candidates.add(element);
    else this.candidates.delete(element);
  }

  /** An alert that is there already speaks by changing its text. */
  private alert(node: Node): void {
    const element = isElement(node) ? node : parentElementOf(node);
    const alert = element === null ? null : closest(element, '[role="alert"]');
    if (alert !== null) this.candidates.add(alert);
  }

  private within(node: Element): void {
    if (matches(node, POPUPS)) this.candidates.add(node);
    for (const popup of queryAll(node, POPUPS)) this.candidates.add(popup);
  }

  private shown({ target, attributeName, oldValue }: MutationRecord): void {
    if (!isElement(target) || /^(body|html)$/.test(tagOf(target))) return;
    const wasHidden =
      attributeName === "open" || attributeName === "hidden"
        ? (oldValue === null) === (attributeName === "open")
        : attributeName === "style"
          ? /display:\s*none|visibility:\s*hidden/.test(oldValue ?? "")
          : false;
    for (const popup of matches(target, POPUPS) ? [target] : queryAll(target, POPUPS)) {
      if (wasHidden || this.closed.has(popup) || this.isNew(popup)) this.candidates.add(popup);
    }
  }

  /** What is open now that was not before, in words. */
  told(): string[] {
    const open = Array.from(this.candidates).filter((popup) => isConnected(popup) && isVisible(popup));
    const outer = open.filter((popup) => !open.some((other) => other !== popup && other.contains(popup)));
    const rest = told.filter((ref) => !outer.includes(ref.deref() as Element));
    told = [...rest, ...outer.map((popup) => new WeakRef(popup))].slice(-REMEMBERED);
    return outer.slice(0, TOLD).map(words);
  }
}

function words(popup: Element): string {
  const role = roleOf(popup);
  if (role === "dialog" || role === "alertdialog") return landmarkName(popup);
  if (role === "alert" || role === "tooltip" || role === "menu" || role === "listbox") {
    const name = attributeOf(popup, "aria-label");
    if (role === "menu" || role === "listbox") return name === null ? role : `${role} "${name}"`;
    return inWords(popup);
  }
  return `popover ${inWords(popup)}`;
}
