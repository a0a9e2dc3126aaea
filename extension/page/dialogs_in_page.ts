// The script in the page's own world: by it the content script is asked what to answer when the page opens a dialog, learns
// of windows that Chrome did not let the page open, and has the scripts of links run. It is injected by its source, so it
// may use nothing from outside of itself; and it is put only into documents of tabs in which the agent acts.
//
// Asking is an event whose name no page can guess, with a text node that is in no document: the content script finds the
// question in it and leaves the answer there. If nobody answers, the dialog is the person's, and the page's own function
// runs. What a page has not replaced before this script comes cannot be replaced under it.

/** What the page's world asks the content script, or tells it. */
export interface PageQuestion {
  /** The kind of dialog. */
  readonly type?: string;
  readonly message?: string;
  /** What a prompt suggests. */
  readonly fallback?: string;
  /** Set when a dialog that the person answered has closed. */
  readonly closed?: true;
  /** The address of a window that Chrome did not open. */
  readonly blocked?: string;
}

/** What the content script answers. */
export interface PageAnswer {
  readonly answered?: true;
  readonly accept?: boolean;
  readonly text?: string;
}

/**
 * Watches one document. Until `until`, in milliseconds of the browser's clock, dialogs are told "no" even if no content
 * script is there yet. `dialogs` is false where Chrome shows none anyway.
 */
export function watchDialogs(channel: string, until: number, dialogs: boolean): void {
  const view = window;
  const page = document;
  const { apply } = Reflect;
  const { parse, stringify } = JSON;
  const { now } = Date;
  const text = String;
  const Ask = MouseEvent;
  const Address = URL;
  const { createTextNode: make, dispatchEvent: dispatch } = page;
  const member = (of: object, name: string): PropertyDescriptor =>
    Object.getOwnPropertyDescriptor(of, name) as PropertyDescriptor;
  const data = member(CharacterData.prototype, "data");
  const read = data.get as () => string;
  const write = data.set as (value: string) => void;
  const carried = member(Ask.prototype, "relatedTarget").get as () => Text;
  const recent = member(UserActivation.prototype, "isActive").get as () => boolean;
  const activation = navigator.userActivation;
  const early: PageQuestion[] = [];

  // What a page has put in a dialog's place is part of the page, and opens no dialog by itself.
  const isNative = (of: unknown): boolean => /\[native code\]/.test(apply(Function.prototype.toString, of, []));
  const ask = (question: PageQuestion): PageAnswer => {
    const carrier: Text = apply(make, page, [stringify(question)]);
    apply(dispatch, view, [new Ask(channel, { relatedTarget: carrier })]);
    return parse(apply(read, carrier, [])) as PageAnswer;
  };
  const wrap = (name: string, call: (target: () => unknown, self: unknown, args: unknown[]) => unknown): void => {
    const owned = member(view, name);
    // A proxy is the same function to whoever looks at it.
    if (typeof owned?.value !== "function" || !owned.configurable || !isNative(owned.value)) return;
    Object.defineProperty(view, name, { ...owned, value: new Proxy(owned.value, { apply: call }) });
  };
  const answer = (question: PageQuestion): PageAnswer | undefined => {
    const said = ask(question);
    if (said.answered) return said;
    if (now() > until || apply(recent, activation, [])) return undefined;
    early[early.length] = question;
    return {};
  };
  const dialog = (type: string): void =>
    wrap(type, (target, self, args) => {
      const message = args.length > 0 ? text(args[0]) : "";
      const fallback = type === "prompt" && args[1] !== undefined ? text(args[1]) : "";
      const question = { type, message, fallback };
      const said = answer(question);
      if (said === undefined || (type === "print" && said.accept)) {
        const result = apply(target, self, args.length > 1 ? [message, fallback] : args.length > 0 ? [message] : []);
        if (said === undefined) ask({ ...question, closed: true });
        return result;
      }
      if (type === "confirm") return said.accept === true;
      if (type === "prompt") return said.accept ? said.text || fallback : null;
      return undefined;
    });

  if (dialogs) for (const type of ["alert", "confirm", "prompt", "print"]) dialog(type);
  wrap("open", (target, self, args) => {
    const opened = apply(target, self, args);
    try {
      if (opened === null && args[0]) ask({ blocked: new Address(text(args[0]), page.baseURI).href });
    } catch {
      // No address: nothing would have been opened.
    }
    return opened;
  });
  view.addEventListener(`${channel}!`, (event) => {
    const carrier = apply(carried, event, []);
    const order = apply(read, carrier, []);
    if (order === "early") {
      until = 0;
      apply(write, carrier, [stringify(early)]);
      early.length = 0;
    } else {
      apply(write, carrier, [""]);
      location.href = order;
    }
  });
}
