// The state of the link, for people: kept in chrome.storage.session, where the side panel watches it. The offscreen
// document reports what the link does; the service worker adds what it knows better (not paired, token dead).

import { clone, create, equals } from "@bufbuild/protobuf";
import type { ErrorInfo } from "@gen/tabwire/v1/error_pb";
import {
  ConnectionPhase,
  type ConnectionStatus,
  ConnectionStatusSchema,
  type ConnectionTrouble,
} from "@gen/tabwire/v1/extension_pb";
import { load, SESSION, save } from "../store";

/** Keeps the ConnectionStatus. */
export class StatusBoard {
  readonly #area: chrome.storage.StorageArea;
  readonly #loaded: Promise<void>;
  #status: ConnectionStatus = create(ConnectionStatusSchema);

  constructor(area: chrome.storage.StorageArea) {
    this.#area = area;
    this.#loaded = load(area, SESSION.connection, ConnectionStatusSchema).then((stored) => {
      if (stored !== undefined) this.#status = stored;
    });
  }

  /** The last known status. */
  async get(): Promise<ConnectionStatus> {
    await this.#loaded;
    return clone(ConnectionStatusSchema, this.#status);
  }

  /** True if the link is open and live, as far as is known. */
  async isConnected(): Promise<boolean> {
    await this.#loaded;
    return this.#status.phase === ConnectionPhase.CONNECTED;
  }

  /** Takes a new status over. */
  async set(status: ConnectionStatus): Promise<void> {
    await this.#loaded;
    if (equals(ConnectionStatusSchema, this.#status, status)) return;
    this.#status = clone(ConnectionStatusSchema, status);
    await save(this.#area, SESSION.connection, ConnectionStatusSchema, this.#status);
  }

  /** Nothing is paired. */
  async setUnpaired(error?: { trouble: ConnectionTrouble; error: ErrorInfo }, serverUrl = ""): Promise<void> {
    const status = create(ConnectionStatusSchema, { phase: ConnectionPhase.UNPAIRED, serverUrl });
    if (error !== undefined) Object.assign(status, { trouble: error.trouble, errorInfo: error.error });
    await this.set(status);
  }

  /** Something is in the way. `isFinal` if only a person can help. */
  async setTrouble(trouble: ConnectionTrouble, error: ErrorInfo, isFinal: boolean): Promise<void> {
    const status = await this.get();
    status.phase = isFinal ? ConnectionPhase.FAILED : ConnectionPhase.WAITING;
    status.trouble = trouble;
    status.errorInfo = error;
    await this.set(status);
  }
}
