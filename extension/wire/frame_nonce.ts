// The nonce that a document posts into the documents inside of it, so that the service worker can tell which of them
// sits where (page/perceive/frames.ts posts it). Here is the hearing side, without anything that takes time to load,
// because it has to listen before the page's own scripts do.

/** Tells the messages that carry a nonce from the page's own. */
export const NONCE_MARK = "tabwire.frame-nonce";

/** The nonce in a message; undefined if it is any other message. */
export function nonceIn(data: unknown): string | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { type, nonce } = data as { type?: unknown; nonce?: unknown };
  return type === NONCE_MARK && typeof nonce === "string" && /^[0-9a-f]{32}$/.test(nonce) ? nonce : undefined;
}

/**
 * Hears the nonces of the parent, in documents that have one. The page never sees the message: this listens first, and
 * ends its way. Answers with the function that ends the listening.
 */
export function hearNonces(hear: (nonce: string) => void): () => void {
  if (window.parent === window) return () => undefined;
  const listener = (event: MessageEvent<unknown>): void => {
    const nonce = event.source === window.parent ? nonceIn(event.data) : undefined;
    if (nonce === undefined) return;
    event.stopImmediatePropagation();
    hear(nonce);
  };
  window.addEventListener("message", listener, { capture: true });
  return () => window.removeEventListener("message", listener, { capture: true });
}
