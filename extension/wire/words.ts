// What the document says in a result, and the service worker may know better.

/** The document saw no effect of an action. */
export const NOTHING_SEEN = "nothing was seen to happen";
