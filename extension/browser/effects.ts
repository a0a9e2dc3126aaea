// Reads what the contract declares about actions (options.proto): how far they reach and who performs them. No list is
// kept here.

import { type DescMessage, getOption } from "@bufbuild/protobuf";
import { type Action, ActionSchema } from "@gen/tabwire/v1/action_pb";
import type { Command } from "@gen/tabwire/v1/link_pb";
import { type ActionOptions, action as actionOption, EffectClass, Performer } from "@gen/tabwire/v1/options_pb";

/** What is declared about an action; undefined if this version of the extension does not know the action. */
export function declared(action: Action): ActionOptions | undefined {
  const name = action.kind.case;
  const message = name === undefined ? undefined : ActionSchema.field[name]?.message;
  return message === undefined ? undefined : getOption(message, actionOption);
}

/** The names of all actions that a browser carries out, as in Action.kind: by its documents' scripts, or by itself. */
export function performedActions(): string[] {
  const kinds = ActionSchema.oneofs.find((oneof) => oneof.name === "kind")?.fields ?? [];
  return kinds.filter((kind) => isPerformed(kind.message)).map((kind) => kind.name);
}

function isPerformed(message: DescMessage | undefined): boolean {
  const performer = message === undefined ? undefined : getOption(message, actionOption).performer;
  return performer === Performer.PAGE || performer === Performer.BROWSER;
}

/** True if a command changes nothing that matters, so that it may be carried out again when its outcome is not known. */
export function isRepeatable(command: Pick<Command, "request">): boolean {
  if (command.request.case !== "action") return true;
  const effect = declared(command.request.value)?.effect ?? EffectClass.UNSPECIFIED;
  return effect === EffectClass.READ || effect === EffectClass.LOCAL;
}

/** True if the content script of a document carries the action out. */
export function isForPage(action: Action): boolean {
  return declared(action)?.performer === Performer.PAGE;
}
