// What this browser says about itself: to the server in Hello, and to people as a name.

import { create } from "@bufbuild/protobuf";
import { type Hello, HelloSchema } from "@gen/tabwire/v1/link_pb";
import { performedActions } from "../effects";

/** The revisions of the protocol that this extension speaks (link.proto, Hello). */
export const MIN_REVISION = 1;
export const MAX_REVISION = 1;

/** The largest message, and how much unacknowledged, the extension takes. */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;
const MAX_UNACKED_MESSAGES = 256;
const MAX_UNACKED_BYTES = 2 ** 20;
/** Larger messages come in parts of this size, so that each of them arrives in time on a slow network. */
const MAX_PART_BYTES = 256 * 2 ** 10;

/** The Hello of this browser, but for its journal. */
export function hello(): Hello {
  return create(HelloSchema, {
    minRevision: MIN_REVISION,
    maxRevision: MAX_REVISION,
    extensionVersion: chrome.runtime.getManifest().version,
    capabilities: {
      ...{ screenshots: true, stateDeltas: true, javascript: true, dialogs: true, policies: true, secrets: true },
      trustedInput: import.meta.env.MODE === "trusted",
      actions: performedActions(),
    },
    limits: {
      maxMessageBytes: MAX_MESSAGE_BYTES,
      maxUnackedMessages: MAX_UNACKED_MESSAGES,
      maxUnackedBytes: MAX_UNACKED_BYTES,
      maxPartBytes: MAX_PART_BYTES,
    },
    userAgent: navigator.userAgent,
    displayName: describeBrowser(),
  });
}

/** A name for this browser that a person can tell it from others by, as "Chrome on Linux". */
export function describeBrowser(): string {
  const agent = navigator.userAgent;
  const product = agent.includes("Edg/") ? "Edge" : agent.includes("HeadlessChrome/") ? "Headless Chrome" : "Chrome";
  const systems: [RegExp, string][] = [
    [/CrOS/, "ChromeOS"],
    [/Windows/, "Windows"],
    [/Mac OS/, "macOS"],
    [/Linux/, "Linux"],
  ];
  const system = systems.find(([pattern]) => pattern.test(agent))?.[1];
  return system === undefined ? product : `${product} on ${system}`;
}
