// What the tests of stores and views share: a panel between the doubles of Chrome and server, and a few ways to look at it.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import { ConnectionPhase, type ConnectionStatusSchema } from "@gen/tabwire/v1/extension_pb";
import { render } from "preact";
import { vi } from "vitest";
import { Panel } from "../../ui/stores/panel";
import { App } from "../../ui/views/app";
import { ChromeDouble } from "./chrome_double";
import { ServerDouble } from "./server_double";

export const SERVER_URL = "https://127.0.0.1:8443";

type StatusInit = MessageInitShape<typeof ConnectionStatusSchema>;

export const CONNECTED = {
  phase: ConnectionPhase.CONNECTED,
  serverUrl: SERVER_URL,
  browserId: "browser-1",
  modelConfigured: true,
} satisfies StatusInit;

/** The page that the person has in front of them. */
export const PAGE = { url: "https://shop.example/a", pageTitle: "A shop", activeTabId: 7 };

/** A panel and what is around it. */
export interface Bench {
  readonly chrome: ChromeDouble;
  readonly server: ServerDouble;
  readonly panel: Panel;
  /** Shows the panel in the document and starts it. */
  open(): Promise<void>;
  /** Closes the panel as Chrome does, without asking it. */
  close(): void;
}

/** Makes a panel in a paired and connected browser, unless told otherwise. */
export function bench(status: StatusInit = CONNECTED, before?: Bench): Bench {
  const chrome = before?.chrome ?? new ChromeDouble().install();
  const server = before?.server ?? new ServerDouble();
  chrome
    .answer("status", { case: "status", value: status })
    .answer("retryNow", { case: "status", value: status })
    .answer("offer", { case: "offer", value: {} })
    .answer("context", { case: "context", value: PAGE })
    .answer("access", { case: "credentials", value: { serverUrl: SERVER_URL, accessToken: "token-1" } });
  const lost = create(ErrorInfoSchema, { message: "The connection broke.", remedy: "Start `tabwire up`." });
  const panel = new Panel(server.makeTransport, async () => ({ error: lost }));
  const root = document.createElement("div");
  let stop: (() => void) | undefined;
  const made: Bench = {
    chrome,
    server,
    panel,
    async open() {
      opened.add(made);
      document.body.append(root);
      render(App({ panel }), root);
      stop = await panel.start();
    },
    close() {
      opened.delete(made);
      stop?.();
      render(null, root);
      root.remove();
    },
  };
  return made;
}

const opened = new Set<Bench>();

/** Makes a panel and opens it; `prepare` sets the doubles up before. */
export async function start(status?: StatusInit, prepare?: (made: Bench) => void | Promise<void>): Promise<Bench> {
  const made = bench(status);
  await prepare?.(made);
  await made.open();
  return made;
}

/** Closes what a test left open, and waits for what Preact still has to do in the next frame: after the last test, there
 * is no document left to do it in, and the run would fail for it. */
export async function closeAll(): Promise<void> {
  for (const made of [...opened]) made.close();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}

/** The element with this test id; throws if there is none. */
export function byId(id: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  if (found === null) throw new Error(`nothing shows ${id}`);
  return found;
}

/** All elements with this test id. */
export function allById(id: string): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
}

/** Waits until an element with this test id is shown. */
export function shown(id: string): Promise<HTMLElement> {
  return vi.waitFor(() => byId(id));
}

/** Waits until what is expected holds. */
export function eventually(expectation: () => void): Promise<void> {
  return vi.waitFor(expectation);
}

/** Writes into a field as a person does. */
export function type(id: string, text: string): void {
  const field = byId(id) as HTMLInputElement | HTMLTextAreaElement;
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/** Presses a key in a field. Gives the event, to see what became of it. */
export function press(id: string, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  byId(id).dispatchEvent(event);
  return event;
}
