// The way to the offscreen document, which holds the link: makes sure that the document is there, and carries messages
// both ways: over a direct line where there is one (wire/direct_line.ts), else by chrome.runtime, which wakes whoever sleeps.
// What the messages from there mean is decided by the handler that is given to `listen`.

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type PipeMessage, PipeMessageSchema } from "@gen/tabwire/v1/extension_pb";
import { DirectLine, LINE_OFFER } from "../../wire/direct_line";
import { isFor, seal, unseal } from "../../wire/envelope";
import { LIFE } from "../../wire/life";
import { pause, within } from "../clock";
import { messageOf } from "../errors";
import { isOffscreen, OFFSCREEN_PAGE } from "../senders";

/** When it is looked whether the document is gone, after a line to it has ended: each so long after the look before. */
const LOOKS_MS: readonly number[] = [0, 100, 400, 1_500, 3_000];
/** So long Chrome may take to make the document. If it never says that it has, the next look finds out. */
const CREATE_MS = 5_000;

/** Takes a message from the offscreen document. True means: recorded, done with it. */
export type PipeHandler = (message: PipeMessage) => Promise<boolean>;

/** What the offscreen document answers, and is answered. */
interface Receipt {
  readonly ok: boolean;
}

/** The part of a service worker's own scope that is needed. */
interface WorkerScope {
  readonly clients?: {
    matchAll(options: { includeUncontrolled: boolean; type: "window" }): Promise<readonly LineClient[]>;
  };
}

interface LineClient {
  readonly url: string;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** The pipe. */
export class Pipe {
  #ensuring: Promise<boolean> | undefined;
  #onCreated: () => Promise<void> = async () => {};
  #handler: PipeHandler = async () => false;
  #line: DirectLine | undefined;
  #offering = false;

  /** Registers with Chrome. Must be called while the worker's script is first evaluated. */
  listen(handler: PipeHandler, onCreated: () => Promise<void>): void {
    this.#onCreated = onCreated;
    this.#handler = handler;
    chrome.runtime.onMessage.addListener((message: unknown, sender, respond: (receipt: Receipt) => void) => {
      if (!isFor(message, "background", "pipe") || !isOffscreen(sender)) return undefined;
      this.#offerLine();
      handler(unseal(PipeMessageSchema, message)).then(
        (ok) => respond({ ok }),
        (thrown: unknown) => {
          // Not recorded: the offscreen document keeps the message and sends it again.
          console.error("Tabwire: a message from the link could not be taken", thrown);
          respond({ ok: false });
        },
      );
      return true;
    });
    chrome.runtime.onConnect.addListener((port) => {
      if (port.name !== LIFE || port.sender === undefined || !isOffscreen(port.sender)) return;
      const line = this.#line; // the one for which the document has opened this port
      port.onDisconnect.addListener(() => void this.#ended(line));
    });
  }

  /** Makes sure that the offscreen document exists. True if it had to be made. */
  async ensure(): Promise<boolean> {
    this.#ensuring ??= this.#create().finally(() => {
      this.#ensuring = undefined;
    });
    return this.#ensuring;
  }

  /** Hands a message to the offscreen document. True if it took it. */
  async send(kind: NonNullable<MessageInitShape<typeof PipeMessageSchema>["kind"]>): Promise<boolean> {
    const message = create(PipeMessageSchema, { kind });
    if (this.#line?.isTrusted === true) {
      const ok = await this.#line.ask(toBinary(PipeMessageSchema, message) as Uint8Array<ArrayBuffer>);
      if (ok !== undefined) return ok;
    }
    this.#offerLine();
    const envelope = seal("offscreen", "pipe", PipeMessageSchema, message);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      // Almost always it is there, so it is looked for only when nobody answers.
      if (attempt > 1) await this.ensure();
      try {
        const receipt = (await chrome.runtime.sendMessage(envelope)) as Partial<Receipt> | undefined;
        if (receipt?.ok !== undefined) return receipt.ok;
        // Somebody else hears messages, the panel for one, but the document is not there.
      } catch (thrown) {
        // The document has just been made and does not listen yet, or has just gone.
        if (attempt === 4) console.warn("Tabwire: the offscreen document does not answer", messageOf(thrown));
        if (attempt > 1) await pause(100 * attempt);
      }
    }
    return false;
  }

  /** Gives the offscreen document one end of a direct line, if there is none that can be trusted. */
  #offerLine(): void {
    if (this.#line?.isHopeful === true || this.#offering) return;
    this.#offering = true;
    this.#offer()
      .catch((thrown: unknown) => console.warn("Tabwire: no direct line", messageOf(thrown)))
      .finally(() => {
        this.#offering = false;
      });
  }

  async #offer(): Promise<void> {
    const { clients } = globalThis as WorkerScope;
    // Only documents of this extension are clients of its worker, and only one of them holds the link.
    const found = (await clients?.matchAll({ includeUncontrolled: true, type: "window" })) ?? [];
    const client = found.find(({ url }) => url === chrome.runtime.getURL(OFFSCREEN_PAGE));
    if (client === undefined) return;
    const { port1, port2 } = new MessageChannel();
    this.#line?.close();
    const take = (body: Uint8Array): Promise<boolean> => this.#handler(fromBinary(PipeMessageSchema, body));
    const line = new DirectLine(port1, take, Date.now, () => void this.#ended(line));
    this.#line = line;
    client.postMessage(LINE_OFFER, [port2]);
    line.greet();
  }

  /**
   * The document at the end of this line may have been closed. Nothing else would tell before the alarm that comes every
   * half minute. Chrome still lists a document that is being closed, so one look is not enough.
   */
  async #ended(line: DirectLine | undefined): Promise<void> {
    line?.close();
    for (const waitMs of LOOKS_MS) {
      await pause(waitMs);
      if (this.#line?.isTrusted === true) return; // it lives, and has taken a new line
      try {
        if (await this.ensure()) return;
      } catch (thrown) {
        console.error("Tabwire: the offscreen document could not be made anew", messageOf(thrown));
      }
    }
  }

  async #create(): Promise<boolean> {
    const contexts = await chrome.runtime.getContexts({
      contextTypes: [chrome.runtime.ContextType.OFFSCREEN_DOCUMENT],
      documentUrls: [chrome.runtime.getURL(OFFSCREEN_PAGE)],
    });
    if (contexts.length > 0) return false;
    try {
      const creating = chrome.offscreen.createDocument({
        url: OFFSCREEN_PAGE,
        reasons: [chrome.offscreen.Reason.WORKERS],
        justification: "Holds the connection to the Tabwire server, which the service worker cannot outlive.",
      });
      await within(CREATE_MS, creating);
    } catch (thrown) {
      // Another life of this worker may have been faster.
      if (/single offscreen/i.test(messageOf(thrown))) return false;
      throw thrown;
    }
    // Not waited for: introducing sends a message, and sending makes sure of the document first.
    this.#onCreated().catch((thrown: unknown) => {
      console.error("Tabwire: the offscreen document could not be introduced", thrown);
    });
    return true;
  }
}
