// Copying and pasting by keys. The computer's clipboard is the person's: a script may not read it, and an agent has no business
// writing to it. So what is copied here is kept for pasting in the same document, and the page's own handlers are asked
// first, as they would be.

import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { property } from "../dom";
import { PageError } from "../errors";
import { ownerOf } from "../native";
import { takesText } from "../perceive/operations";
import { isReadonly } from "../perceive/states";
import { isSecret } from "../secrets";
import { editAsTyped } from "./edit_as_typed";
import { textFieldOf } from "./press_defaults";

let kept: DataTransfer | null = null;

function selectedText(element: Element): string {
  const field = textFieldOf(element);
  if (field === null) return ownerOf(element).getSelection()?.toString() ?? "";
  // Chrome copies nothing out of a password field.
  return isSecret(field) ? "" : field.value.slice(field.selectionStart ?? 0, field.selectionEnd ?? 0);
}

/** Asks the page's handlers. Answers true if one of them has done it. */
function offer(element: Element, type: string, clipboardData: DataTransfer): boolean {
  const init = { clipboardData, bubbles: true, cancelable: true, composed: true };
  return !element.dispatchEvent(new ClipboardEvent(type, init));
}

/** Copies what is selected, and takes it out if it is cut. */
export function copy(element: Element, cut: boolean): void {
  const data = new DataTransfer();
  const text = selectedText(element);
  if (offer(element, cut ? "cut" : "copy", data)) {
    if (data.types.length > 0) kept = data;
    return;
  }
  if (text === "") return;
  data.setData("text/plain", text);
  kept = data;
  const editable = (takesText(element) || property(element, "isContentEditable") === true) && !isReadonly(element);
  if (cut && editable) editAsTyped(element, "delete");
}

/** Pastes what was copied in this document. Throws if nothing was: then it is the person's clipboard that is meant. */
export function paste(element: Element): void {
  if (kept === null) {
    const message =
      "Nothing was copied on this page, and the person's own clipboard opens only for the person's own keys.";
    const remedy = "Use input_text for the text instead, or press the keys by hand.";
    throw new PageError(ErrorCode.NEEDS_TRUSTED_INPUT, message, { remedy });
  }
  const data = new DataTransfer();
  for (const type of kept.types) data.setData(type, kept.getData(type));
  if (offer(element, "paste", data)) return;
  const editable = (takesText(element) || property(element, "isContentEditable") === true) && !isReadonly(element);
  if (editable) editAsTyped(element, "insertText", kept.getData("text/plain"));
}
