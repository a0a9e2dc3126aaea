// What a person had in mind with the context menu, in the contract's words: what was selected, and the element that the menu was
// opened on. What is remembered for that is in context_menu.ts.

import type { ContextDescription } from "@gen/tabwire/v1/extension_pb";
import { cut } from "./clean";
import type { ContextMenuMemory } from "./context_menu";
import { deepActiveElement } from "./dom";
import { localNameOf } from "./native";
import { describeOne } from "./perceive/describe_many";
import { CONTROL_ROLES, roleOf } from "./perceive/role";
import type { Perceiver } from "./perceive/state";
import { isSecret } from "./secrets";

const SELECTION_LIMIT = 20_000;

/** Describes it. */
export function describeContext(menu: ContextMenuMemory, perceiver: Perceiver): ContextDescription {
  const description: ContextDescription = {
    $typeName: "tabwire.v1.ContextDescription",
    selectedText: selectedText(),
  };
  const path = menu.path();
  // What a person points at in a button is the button.
  const control = path.find((element) => CONTROL_ROLES.has(roleOf(element)));
  for (const element of control === undefined ? path : [control, ...path]) {
    const told = describeOne(perceiver.registry, element);
    if (told === null) continue;
    description.targetedElement = told;
    break;
  }
  return description;
}

/** What is selected in this document, in its text or in the focused field; never of a password. */
function selectedText(): string {
  const active = deepActiveElement(document);
  if (active !== null && /^(input|textarea)$/.test(localNameOf(active))) {
    if (isSecret(active)) return "";
    const field = active as HTMLInputElement;
    const from = field.selectionStart;
    const to = field.selectionEnd;
    if (from !== null && to !== null && to > from) return cut(field.value.slice(from, to), SELECTION_LIMIT);
  }
  return cut(document.getSelection()?.toString() ?? "", SELECTION_LIMIT);
}
