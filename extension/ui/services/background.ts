// Asks the extension's service worker: pairing, the link's state, the access token, where the person is. It only carries
// questions and answers; what they mean is declared in extension.proto, what to do with them is up to the stores.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { type PanelReply, PanelReplySchema, PanelRequestSchema } from "@gen/tabwire/v1/extension_pb";
import { isFor, seal, unseal } from "../../wire/envelope";
import { Problem, panelError } from "./problem";

type Question = NonNullable<MessageInitShape<typeof PanelRequestSchema>["kind"]>;
type Reply = PanelReply["kind"];
type ReplyCase = Exclude<Reply["case"], undefined | "errorInfo">;
type ReplyOf<Case extends ReplyCase> = Extract<Reply, { case: Case }>["value"];

/** Sends one question and gives the answer of the expected kind. Throws a Problem with a remedy if there is none. */
export async function ask<Case extends ReplyCase>(question: Question, expected: Case): Promise<ReplyOf<Case>> {
  const reply = await exchange(question);
  if (reply.case === "errorInfo") throw new Problem(reply.value);
  if (reply.case !== expected) throw unreachable();
  return reply.value as ReplyOf<Case>;
}

async function exchange(question: Question): Promise<Reply> {
  const request = create(PanelRequestSchema, { kind: question });
  let answer: unknown;
  try {
    answer = await chrome.runtime.sendMessage(seal("background", "panel", PanelRequestSchema, request));
  } catch (error) {
    // Chrome rejects if nobody listens: the extension was updated or switched off under the open panel.
    console.warn("tabwire: the service worker did not answer", error);
    throw unreachable();
  }
  // The answer is an envelope too; whom it names as its recipient does not matter, for it comes back on the same call.
  const envelope = answer as { to?: unknown } | undefined;
  const whole = { ...envelope, to: "background" };
  if (!isFor(whole, "background", "panel")) throw unreachable();
  return unseal(PanelReplySchema, whole).kind;
}

function unreachable(): Problem {
  return new Problem(
    panelError(
      ErrorCode.EXTENSION_INTERNAL_ERROR,
      "The extension's service worker does not answer.",
      "Open chrome://extensions and press the reload button of Tabwire.",
    ),
  );
}
