// Links whose address is a script. Chrome runs such a script for a click of the page or of a person, but not for one of a
// content script, whatever the page allows. So the script in the page's own world is asked to do it; where there is none,
// a click on such a link is only half a click, and is said to be.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { closestShown, tagOf } from "../dom";
import { PageError } from "../errors";
import { hasAttribute } from "../native";
import { runScriptAddress } from "../page_world";
import { inWords } from "../perceive/describe";

/** Addresses that do nothing: what happens at a click is told by a handler then. */
const IDLE = /^javascript:\s*(\/\/.*|(void\s*\(?\s*(0|null|'')?\s*\)?|undefined|null|0|false)?\s*;?\s*)$/i;

/** Runs the script of a link after a click that the page did not prevent. Throws NEEDS_TRUSTED_INPUT if it cannot. */
export function refuseScriptLink(clicked: Element): void {
  const link = closestShown(clicked, (at) => /^(a|area)$/.test(tagOf(at)) && hasAttribute(at, "href"));
  const address = (link?.getAttribute("href") ?? "").trim();
  if (link === null || !/^javascript:/i.test(address) || IDLE.test(address)) return;
  if (runScriptAddress(address)) return;
  throw new PageError(
    ErrorCode.NEEDS_TRUSTED_INPUT,
    `The ${inWords(link)} leads to a script of the page, which Chrome runs only for a person's own click.`,
    { remedy: "Click it by hand, or reach the same by another control." },
  );
}
