// What the engine rarely needs (act/rare.ts), as it is known to the engine: by its types only. It is a script of its own,
// so that a document which is only looked at and clicked in does not pay for it.

/** All that can be had there. */
export type Extras = typeof import("./act/rare");

/** Gets it, by the first call, into the document. Throws a PageError if that cannot be. */
export type GetExtras = () => Promise<Extras>;
