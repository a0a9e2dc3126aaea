// The service worker's entry point: starts what browser/worker.ts puts together.

import { defineBackground } from "wxt/utils/define-background";
import { startWorker } from "../browser/worker";

export default defineBackground({ type: "module", main: startWorker });
