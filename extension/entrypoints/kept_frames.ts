// The entry point of what gives hidden pages their frames (page/kept_frames.ts). It runs in the page's own world, in
// documents of background tabs in which the agent acts; browser/tabs/hidden_tabs.ts sees to that.

import { defineUnlistedScript } from "wxt/utils/define-unlisted-script";
import { keepFrames } from "../page/kept_frames";

export default defineUnlistedScript(() => keepFrames());
