// Remembers, for each tab, the last action that met a dialog: in memory, and in chrome.storage.session for the next life of
// the service worker. Doing it again is dialog_round.ts's business.

import { create } from "@bufbuild/protobuf";
import { type Action, ActionSchema } from "@gen/tabwire/v1/action_pb";
import { type DialogDetails, DialogDetailsSchema } from "@gen/tabwire/v1/error_pb";
import { ArmDialogsSchema, type PlannedAnswer } from "@gen/tabwire/v1/extension_pb";
import { decode, encode } from "../store";

/** What answer_dialog needs to do an action again. */
export interface Remembered {
  readonly action: Action;
  /** The document that it was done in, for actions on a page. */
  readonly documentId: string;
  /** The answers that were given, and the dialog that was told "no" first. */
  readonly answers: readonly PlannedAnswer[];
  readonly refused: DialogDetails | undefined;
}

/** Remembers, for each tab, the last action that an answer to a dialog can be about. */
export class DialogMemory {
  readonly #last = new Map<number, Remembered>();

  constructor(private readonly area: chrome.storage.StorageArea) {}

  async get(tabId: number): Promise<Remembered | undefined> {
    const here = this.#last.get(tabId);
    if (here !== undefined) return here;
    const key = keyOf(tabId);
    const stored = (await this.area.get(key))[key];
    return stored === undefined ? undefined : thaw(stored as Frozen);
  }

  async set(tabId: number, remembered: Remembered): Promise<void> {
    const before = this.#last.get(tabId);
    this.#last.set(tabId, remembered);
    if (remembered.refused !== undefined) await this.area.set({ [keyOf(tabId)]: freeze(remembered) });
    // Without one before, a former life of the service worker may have stored it.
    else if (before === undefined || before.refused !== undefined) await this.area.remove(keyOf(tabId));
  }

  async forget(tabId: number): Promise<void> {
    this.#last.delete(tabId);
    await this.area.remove(keyOf(tabId));
  }
}

/** A remembered action as it is stored. */
interface Frozen {
  readonly action: string;
  readonly documentId: string;
  readonly answers: string;
  readonly refused: string;
}

const keyOf = (tabId: number): string => `dialog:${tabId}`;

function freeze({ action, documentId, answers, refused }: Remembered): Frozen {
  return {
    action: encode(ActionSchema, action),
    documentId,
    answers: encode(ArmDialogsSchema, create(ArmDialogsSchema, { answers: [...answers] })),
    refused: refused === undefined ? "" : encode(DialogDetailsSchema, refused),
  };
}

function thaw(frozen: Frozen): Remembered | undefined {
  const action = decode(ActionSchema, frozen.action);
  const answers = decode(ArmDialogsSchema, frozen.answers)?.answers ?? [];
  const refused = frozen.refused === "" ? undefined : decode(DialogDetailsSchema, frozen.refused);
  return action === undefined ? undefined : { action, documentId: frozen.documentId, answers, refused };
}
