// The answers to commands that are not carried out. When they are given is decided in inbox.ts and command_journal.ts.

import { create } from "@bufbuild/protobuf";
import { ActionResultSchema, ActionStatus } from "@gen/tabwire/v1/action_pb";
import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import { type Command, type CommandResult, CommandResultSchema } from "@gen/tabwire/v1/link_pb";
import { errorInfo, failure } from "../errors";

/** The answer to a command that was not carried out. */
export function refusal(command: Command, error: ErrorInfo): CommandResult {
  return create(CommandResultSchema, {
    commandId: command.commandId,
    epoch: command.epoch,
    outcome: { case: "errorInfo", value: error },
  });
}

/** The answer to a command that was cancelled before it was begun. */
export function cancelled(command: Command, error: ErrorInfo): CommandResult {
  // What it was to do is not known any more of a large one: see command_journal.ts.
  if (command.request.case !== "action") return refusal(command, error);
  const action = create(ActionResultSchema, {
    originalActionId: command.request.value.id,
    status: ActionStatus.CANCELLED,
    errorInfo: error,
  });
  return create(CommandResultSchema, {
    commandId: command.commandId,
    epoch: command.epoch,
    outcome: { case: "actionResult", value: action },
  });
}

/** Why a command was cancelled. */
export function cancelReason(reason: string) {
  return failure(ErrorCode.CANCELLED, reason === "" ? "The command was cancelled." : reason);
}

/** The task was taken up by another server since. */
export function fenced(epoch: bigint): ErrorInfo {
  return errorInfo(ErrorCode.EPOCH_FENCED, `The task has been taken up anew since (epoch ${epoch}).`);
}

/** The id belongs to another command. */
export function taken(): ErrorInfo {
  return errorInfo(ErrorCode.ALREADY_EXISTS, "This id was used for another action before.", {
    remedy: "Give every action an id of its own, or none.",
  });
}

/** It came too late to be begun. */
export function late(): ErrorInfo {
  return errorInfo(ErrorCode.COMMAND_REFUSED, "The deadline passed before the command could be begun.", {
    remedy: "Try again.",
    retryable: true,
  });
}
