// What the engine and the script in the page's world (kept_frames.ts) say to each other. It is no secret: all that a page
// could do with it is to have its own callbacks called.

/** Calls for a frame. Prevented by the script if anything was done. */
export const FRAME_EVENT = "tabwire:frame";
/** Asks whether the script is there. Prevented by it if so. */
export const PRESENCE_EVENT = "tabwire:frames?";
