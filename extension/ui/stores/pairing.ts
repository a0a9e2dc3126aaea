// Pairing from the panel: in one click if `tabwire up` offers it on this computer, else by address and code. The exchange
// with the server is the service worker's.

import type { ErrorInfo } from "@gen/tabwire/v1/error_pb";
import type { PairingOffer } from "@gen/tabwire/v1/extension_pb";
import { computed, signal } from "@preact/signals";
import { ask } from "../services/background";
import { infoOf } from "../services/problem";
import type { ConnectionStore } from "./connection";

/** Where `tabwire up` listens if nobody said otherwise. */
export const DEFAULT_SERVER_URL = "https://127.0.0.1:8443";

/** How often to look for an offer while there is none: a person may start `tabwire up` with the panel open. */
const LOOK_EVERY_MS = 3000;

/** The pairing form and the offer. */
export class PairingStore {
  readonly offer = signal<PairingOffer | undefined>(undefined);
  readonly serverUrl = signal(DEFAULT_SERVER_URL);
  readonly code = signal("");
  readonly busy = signal(false);
  readonly problem = signal<ErrorInfo | undefined>(undefined);
  /** What is wrong with the address; empty if nothing. Shown after the first try. */
  readonly urlFault = computed(() =>
    this.tried.value && addressOf(this.serverUrl.value) === undefined ? URL_FAULT : "",
  );
  /** What is wrong with the code; empty if nothing. Shown after the first try. */
  readonly codeFault = computed(() => (this.tried.value && this.code.value.trim() === "" ? CODE_FAULT : ""));
  private readonly tried = signal(false);
  private readonly connection: ConnectionStore;

  constructor(connection: ConnectionStore) {
    this.connection = connection;
  }

  /** Looks for an offer now and every few seconds. Gives a function that ends it. */
  follow(): () => void {
    const look = (): void => {
      if (!document.hidden && !this.busy.peek()) void this.look();
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }

  /** Takes the offer. */
  async accept(): Promise<void> {
    const offer = this.offer.peek();
    if (offer !== undefined) await this.pair(offer.serverUrl, offer.code);
  }

  /** Pairs with what is in the form, if that can be right. */
  async submit(): Promise<void> {
    this.tried.value = true;
    const serverUrl = addressOf(this.serverUrl.peek());
    const code = this.code.peek().trim();
    if (serverUrl === undefined || code === "") return;
    await this.pair(serverUrl, code);
  }

  private async look(): Promise<void> {
    try {
      const offer = await ask({ case: "offer", value: {} }, "offer");
      this.offer.value = offer.serverUrl === "" ? undefined : offer;
    } catch (error) {
      this.problem.value = infoOf(error);
    }
  }

  private async pair(serverUrl: string, code: string): Promise<void> {
    this.busy.value = true;
    this.problem.value = undefined;
    try {
      const status = await ask({ case: "pair", value: { serverUrl, code } }, "status");
      this.code.value = "";
      this.tried.value = false;
      this.connection.take(status);
    } catch (error) {
      this.problem.value = infoOf(error);
    }
    this.busy.value = false;
  }
}

const URL_FAULT = "Write an address that begins with https://, as https://127.0.0.1:8443.";
const CODE_FAULT = "Write the code that “tabwire pair” prints.";

/** The address in its plain form, if it is one that can be a server's. A missing scheme is added. */
export function addressOf(text: string): string | undefined {
  const typed = text.trim();
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `https://${typed}`;
  if (typed === "" || !URL.canParse(full)) return undefined;
  const url = new URL(full);
  return url.protocol === "https:" && url.hostname !== "" ? url.origin : undefined;
}
