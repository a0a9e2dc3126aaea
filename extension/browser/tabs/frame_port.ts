// Takes what content scripts report unasked, remembers the nonces by which frames are placed, and makes events of it.

import { FrameEventSchema } from "@gen/tabwire/v1/extension_pb";
import { isFor, unseal } from "../../wire/envelope";
import { isContentScript } from "../senders";
import type { TabEvents } from "./tab_events";
import type { TabRecords } from "./tab_record";

/** The content scripts' port. */
export class FramePort {
  constructor(
    private readonly events: TabEvents,
    private readonly records: TabRecords,
  ) {}

  /** Registers with Chrome. Must be called while the worker's script is first evaluated. */
  listen(): void {
    chrome.runtime.onMessage.addListener((message: unknown, sender) => {
      if (!isFor(message, "background", "frame") || !isContentScript(sender)) return;
      const tabId = sender.tab?.id;
      const { frameId, documentId } = sender;
      if (tabId === undefined || frameId === undefined) return;
      const event = unseal(FrameEventSchema, message);
      if (event.kind.case === "nonce") {
        this.records.learnNonce(tabId, event.kind.value.nonce, frameId).catch((thrown: unknown) => {
          console.error("Tabwire: a frame's nonce could not be kept", thrown);
        });
      }
      this.events.emit({ kind: "frame", tabId, frameId, documentId: documentId ?? "", event });
    });
    this.events.subscribe((event) => {
      if (event.kind !== "closed") return;
      this.records.forget(event.tabId).catch((thrown: unknown) => {
        console.error("Tabwire: a closed tab could not be forgotten", thrown);
      });
    });
  }
}
