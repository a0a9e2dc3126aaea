// The port by which the service worker learns at once that the offscreen document is gone: the document opens it whenever it
// takes a line, and Chrome closes it with the document. The line itself does not tell: the end of a MessagePort whose
// document was closed is noticed only when the garbage is collected, and both share a process, which lives on. An idle port
// does not keep a service worker alive.

/** The port's name. */
export const LIFE = "life";
