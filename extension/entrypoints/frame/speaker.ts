// What answers for a document once it is spoken to: wires the page engine to the extension's messages. Loaded by
// index.ts when it is needed, and not before.

import { create } from "@bufbuild/protobuf";
import { ComponentOrigin, ErrorCode, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import {
  type FrameEvent,
  FrameEventSchema,
  type FrameReply,
  FrameReplySchema,
  FrameRequestSchema,
} from "@gen/tabwire/v1/extension_pb";
import { PageEngine } from "../../page/engine";
import { type Envelope, seal, unseal } from "../../wire/envelope";

/** The same nonce is reported again only after so long, in case the service worker has lost it. */
const NONCE_AGAIN_MS = 10_000;

/** Speaks for one document. */
export class Speaker {
  readonly #engine: PageEngine;
  readonly #isAlive: () => boolean;
  readonly #onOrphaned: () => void;
  #nonce = { value: "", at: 0 };

  /** `onOrphaned` is called when the extension turns out to be gone. */
  constructor(isAlive: () => boolean, onOrphaned: () => void) {
    this.#isAlive = isAlive;
    this.#onOrphaned = onOrphaned;
    this.#engine = new PageEngine({ onEvent: (event) => this.#report(event) });
  }

  /** Answers one message of the service worker. Never rejects. */
  async answer(envelope: Envelope): Promise<Envelope> {
    return seal("background", "frame", FrameReplySchema, await this.#answer(envelope));
  }

  /** Reports the nonce that this document's parent has posted into it. */
  reportNonce(nonce: string): void {
    const now = performance.now();
    if (nonce === this.#nonce.value && now - this.#nonce.at < NONCE_AGAIN_MS) return;
    this.#nonce = { value: nonce, at: now };
    this.#report(create(FrameEventSchema, { kind: { case: "nonce", value: { nonce } } }));
  }

  /** Ends the engine. */
  dispose(): void {
    this.#engine.dispose();
  }

  async #answer(envelope: Envelope): Promise<FrameReply> {
    try {
      return await this.#engine.handle(unseal(FrameRequestSchema, envelope));
    } catch (thrown) {
      console.error("Tabwire: unexpected error in the page's script", thrown);
      const error = create(ErrorInfoSchema, {
        errorCode: ErrorCode.EXTENSION_INTERNAL_ERROR,
        message: "The extension's script in the page met a fault of its own.",
        componentOrigin: ComponentOrigin.CONTENT_SCRIPT,
        retryable: true,
        remedy: "Try again; if it happens again, reload the page.",
      });
      return create(FrameReplySchema, { kind: { case: "errorInfo", value: error } });
    }
  }

  #report(event: FrameEvent): void {
    if (!this.#isAlive()) {
      this.#onOrphaned();
      return;
    }
    chrome.runtime.sendMessage(seal("background", "frame", FrameEventSchema, event)).catch(() => {
      // The service worker answers nothing to a report; and if the extension was just updated, nobody is there.
    });
  }
}
