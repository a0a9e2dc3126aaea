// Asks a document whether it objects to being left, as it does by `beforeunload`. It is asked before the leave: once Chrome
// has begun one, nothing keeps the document of a tab that no person has used, and where a person has, Chrome asks the
// person and blocks the tab. Injected by its source, so it may use nothing from outside of itself.

/**
 * What the document says when it objects; null if it does not. Its handlers run, as at a real leave. If it will be left
 * `anyway` and Chrome would ask again, it loses its content and all its listeners: nothing of it holds the tab any more.
 */
export function objection(anyway: boolean): string | null {
  const event = document.createEvent("BeforeUnloadEvent") as BeforeUnloadEvent;
  event.initEvent("beforeunload", false, true);
  window.dispatchEvent(event);
  const said: unknown = event.returnValue;
  const message = typeof said === "string" ? said.slice(0, 4_000) : "";
  if (!event.defaultPrevented && message === "") return null;
  if (anyway && navigator.userActivation.hasBeenActive) {
    document.open();
    document.close();
  }
  return message;
}
