// The entry point of what the page engine rarely needs (page/act/rare.ts): put into a document by the service worker when its
// engine asks for it. It works with the engine's own modules and has no second copy of them (vite.shared.ts).

import { defineUnlistedScript } from "wxt/utils/define-unlisted-script";
import * as rare from "../../page/act/rare";
import { resident } from "../frame/resident";

export default defineUnlistedScript(() => {
  resident().extras = rare;
});
