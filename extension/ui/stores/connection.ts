// The state of the link as the panel shows it: read from storage, where the service worker keeps it, and asked for when
// the panel opens. Who makes the connection, and how, is up to the offscreen document.

import type { ErrorInfo } from "@gen/tabwire/v1/error_pb";
import {
  ConnectionPhase,
  type ConnectionStatus,
  ConnectionStatusSchema,
  ConnectionTrouble,
} from "@gen/tabwire/v1/extension_pb";
import { computed, signal } from "@preact/signals";
import { ask } from "../services/background";
import { infoOf } from "../services/problem";
import { storedMessage } from "../services/storage";

/** Watches the link. */
export class ConnectionStore {
  /** Undefined until the first word of the service worker. */
  readonly status = signal<ConnectionStatus | undefined>(undefined);
  /** Why the service worker could not be asked, or could not do what it was asked. */
  readonly problem = signal<ErrorInfo | undefined>(undefined);
  /** True while a try was asked for and has not shown a change yet. */
  readonly busy = signal(false);
  readonly phase = computed(() => this.status.value?.phase ?? ConnectionPhase.UNSPECIFIED);
  /** True if there is a server to speak to, reachable or not. */
  readonly paired = computed(
    () => this.phase.value !== ConnectionPhase.UNSPECIFIED && this.phase.value !== ConnectionPhase.UNPAIRED,
  );
  /** True if the pairing itself is dead, so that only pairing again helps. */
  readonly needsPairing = computed(
    () =>
      this.phase.value === ConnectionPhase.UNPAIRED ||
      (this.phase.value === ConnectionPhase.FAILED && this.status.value?.trouble === ConnectionTrouble.TOKEN),
  );
  private readonly stored = storedMessage("session", "connection", ConnectionStatusSchema);

  /** Reads the state and follows it from now on. Gives a function that ends it. */
  async start(): Promise<() => void> {
    const stop = this.stored.watch((status) => {
      if (status !== undefined) this.take(status);
    });
    const kept = await this.stored.get();
    if (kept !== undefined && this.status.peek() === undefined) this.take(kept);
    await this.refresh();
    return stop;
  }

  /** Asks the service worker, which also wakes it up. */
  refresh(): Promise<void> {
    return this.request("status");
  }

  /** Tries to connect at once. */
  async retry(): Promise<void> {
    this.busy.value = true;
    await this.request("retryNow");
    this.busy.value = false;
  }

  /** Ends the pairing, here and at the server. */
  async unpair(): Promise<void> {
    this.busy.value = true;
    await this.request("unpair");
    this.busy.value = false;
  }

  /** Takes a state that came with the answer to something else, as pairing. */
  take(status: ConnectionStatus): void {
    this.status.value = status;
    this.problem.value = undefined;
  }

  private async request(kind: "status" | "retryNow" | "unpair"): Promise<void> {
    try {
      this.take(await ask({ case: kind, value: {} }, "status"));
    } catch (error) {
      this.problem.value = infoOf(error);
    }
  }
}
