// Answers the side panel. Only the extension's own pages are heard: the answers hold the access token.

import { create } from "@bufbuild/protobuf";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import {
  type PairingOffer,
  type PanelReply,
  PanelReplySchema,
  type PanelRequest,
  PanelRequestSchema,
} from "@gen/tabwire/v1/extension_pb";
import type { TaskContext } from "@gen/tabwire/v1/task_pb";
import { isFor, seal, unseal } from "../wire/envelope";
import { failure, toErrorInfo } from "./errors";
import { isOwnPage } from "./senders";
import type { Connection } from "./server/connection";
import type { Pairing } from "./server/pairing";
import type { StatusBoard } from "./server/status";

/** What the panel's questions are answered from. */
export interface PanelParts {
  readonly connection: Connection;
  readonly pairing: Pairing;
  readonly board: StatusBoard;
  readonly readOffer: () => Promise<PairingOffer>;
  /** Where the person is. */
  readonly context: () => Promise<TaskContext>;
}

/** The panel's port. */
export class PanelPort {
  constructor(private readonly parts: PanelParts) {}

  /** Registers with Chrome. Must be called while the worker's script is first evaluated. */
  listen(): void {
    chrome.runtime.onMessage.addListener((message: unknown, sender, respond: (reply: unknown) => void) => {
      if (!isFor(message, "background", "panel") || !isOwnPage(sender)) return undefined;
      this.answer(unseal(PanelRequestSchema, message)).then((reply) => {
        respond(seal("background", "panel", PanelReplySchema, reply));
      });
      return true;
    });
  }

  /** The answer to one question. Never throws. */
  async answer(request: PanelRequest): Promise<PanelReply> {
    try {
      return create(PanelReplySchema, { kind: await this.#answer(request) });
    } catch (thrown) {
      return create(PanelReplySchema, { kind: { case: "errorInfo", value: toErrorInfo(thrown) } });
    }
  }

  async #answer(request: PanelRequest): Promise<PanelReply["kind"]> {
    const { connection, pairing, board, readOffer, context } = this.parts;
    const { kind } = request;
    switch (kind.case) {
      case "pair":
        return { case: "status", value: await connection.pair(kind.value.serverUrl, kind.value.code) };
      case "unpair":
        return { case: "status", value: await connection.unpair() };
      case "retryNow":
        return { case: "status", value: await connection.retry() };
      case "status":
        return { case: "status", value: await board.get() };
      case "access":
        return { case: "credentials", value: await pairing.access(kind.value.refused) };
      case "context":
        return { case: "context", value: await context() };
      case "offer":
        return { case: "offer", value: await readOffer() };
      default:
        throw failure(ErrorCode.UNIMPLEMENTED, "The service worker does not know this question of the panel.", {
          remedy: "Reload the extension on chrome://extensions.",
        });
    }
  }
}
