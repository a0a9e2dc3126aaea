// What a look, a click or typing into a plain field does not need: a script of its own (entrypoints/extras), which the engine
// asks for when it comes to it. Nothing that the engine itself is made of may import this, but for its types.

import type { Action } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { PageError } from "../errors";
import type { ActContext, Outcome } from "./context";
import { drag } from "./drag";
import { findElements, findText } from "./find";
import { hoverOver } from "./hover";
import { parseKey } from "./keys";
import { pressKey, pressKeys } from "./press_keys";
import { getAttributes, readText, readValue } from "./read";
import { readMarkdown, readRows } from "./read_page";
import { scroll } from "./scroll";
import { selectOption } from "./select_option";
import { selectText } from "./select_text";
import { setChecked } from "./set_checked";
import { uploadFiles } from "./upload";

export { describeContext } from "../described_context";
export { Observer } from "../observe";
export { Search } from "../perceive/search";
export { guardOf } from "../policy/facts";
export { PersonWatch } from "../policy/person_watch";
export { conditionHolds, isMet } from "./condition";
export { awaitExpectation, notMet } from "./expect";
export { verifiedText, writeRichText } from "./rich_text";
export { setWhole } from "./set_whole";
export { makeReadyElsewhere, makeSpotReady } from "./uncover";

/** Presses and releases a key, by its name, in an element that has the focus. */
export function pressKeyNamed(name: string, element: Element): Promise<void> {
  return pressKey(parseKey(name), element);
}

/** Calls the handler of an action that the engine has none for. */
export function handleRarely(kind: Action["kind"], ctx: ActContext): Promise<Outcome> {
  switch (kind.case) {
    case "selectOption":
      return selectOption(kind.value, ctx);
    case "pressKeys":
      return pressKeys(kind.value, ctx);
    case "scroll":
      return scroll(kind.value, ctx);
    case "hover":
      return hoverOver(kind.value, ctx);
    case "drag":
      return drag(kind.value, ctx);
    case "setChecked":
      return setChecked(kind.value, ctx);
    case "selectText":
      return selectText(kind.value, ctx);
    case "uploadFiles":
      return uploadFiles(kind.value, ctx);
    case "readText":
      return readText(kind.value, ctx);
    case "readValue":
      return readValue(kind.value, ctx);
    case "getAttributes":
      return getAttributes(kind.value, ctx);
    case "readMarkdown":
      return readMarkdown(kind.value, ctx);
    case "readRows":
      return readRows(kind.value, ctx);
    case "findText":
      return findText(kind.value, ctx);
    case "findElements":
      return findElements(kind.value, ctx);
    default:
      throw new PageError(
        ErrorCode.UNIMPLEMENTED,
        `A document cannot do the action ${kind.case ?? "without a kind"}.`,
        {
          remedy: "Update the extension, or use another action.",
        },
      );
  }
}
