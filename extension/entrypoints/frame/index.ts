// The content script's entry point, in every frame of every page the person opens. All it does is to put the resident
// there; the page engine is a script of its own (entrypoints/engine), which the service worker puts into the documents
// that are worked in. So a page without a task pays for a few kilobytes.
// It is built as a plain script and named in the manifest by wxt.config.ts, because WXT's own wrapper of content scripts
// tells every page of itself by an event.

import { defineUnlistedScript } from "wxt/utils/define-unlisted-script";
import { resident } from "./resident";

export default defineUnlistedScript(() => {
  resident();
});
