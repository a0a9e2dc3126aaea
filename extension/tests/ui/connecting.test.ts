// @vitest-environment jsdom
// Pairing and the connection bar, as a person meets them.

import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { Scope } from "@gen/tabwire/v1/auth_pb";
import { ConnectionPhase, ConnectionStatusSchema, ConnectionTrouble } from "@gen/tabwire/v1/extension_pb";
import { afterEach, describe, expect, test, vi } from "vitest";
import { storedMessage } from "../../ui/services/storage";
import { allById, byId, CONNECTED, closeAll, eventually, SERVER_URL, shown, start, type } from "./bench";
import { refusal } from "./server_double";

afterEach(closeAll);

/** Opens what is behind the server's name. */
async function openFacts(): Promise<void> {
  await eventually(() => expect(document.querySelector(".connection-more")).not.toBeNull());
  document.querySelector<HTMLButtonElement>(".connection-more")?.click();
  await shown("unpair");
}

describe("pairing", () => {
  const UNPAIRED = { phase: ConnectionPhase.UNPAIRED };

  test("one click takes the offer of this computer", async () => {
    const { chrome } = await start(UNPAIRED, (made) => {
      made.chrome.answer("offer", { case: "offer", value: { serverUrl: SERVER_URL, code: "ABC" } });
      made.chrome.answer("pair", { case: "status", value: CONNECTED });
    });
    (await shown("offer-button")).click();
    await shown("task-input");
    expect(chrome.askedFor("pair")[0]?.kind.value).toMatchObject({ serverUrl: SERVER_URL, code: "ABC" });
  });

  test("pairs by address and code", async () => {
    const { chrome } = await start(UNPAIRED, (made) => {
      made.chrome.answer("pair", { case: "status", value: CONNECTED });
    });
    await shown("pair-code");
    type("pair-url", "tabwire.example:9443");
    type("pair-code", "  ABC-DEF ");
    byId("pair-button").click();
    await shown("task-input");
    expect(chrome.askedFor("pair")[0]?.kind.value).toMatchObject({
      serverUrl: "https://tabwire.example:9443",
      code: "ABC-DEF",
    });
  });

  test("says what is wrong at the field, and asks nobody", async () => {
    const { chrome } = await start(UNPAIRED);
    await shown("pair-code");
    type("pair-url", "http://127.0.0.1:8443");
    byId("pair-button").click();
    await eventually(() => {
      expect(byId("pair-url").getAttribute("aria-invalid")).toBe("true");
      expect(byId("pair-code").getAttribute("aria-invalid")).toBe("true");
    });
    const described = byId("pair-code").getAttribute("aria-describedby");
    expect(document.getElementById(described ?? "")?.textContent).toContain("tabwire pair");
    expect(chrome.askedFor("pair")).toHaveLength(0);
  });

  test("shows a refusal with its remedy", async () => {
    await start(UNPAIRED, (made) => {
      made.chrome.answer("pair", {
        case: "errorInfo",
        value: { message: "The code is used up.", remedy: "Run `tabwire pair` for a new one." },
      });
    });
    await shown("pair-code");
    type("pair-code", "OLD");
    byId("pair-button").click();
    expect((await shown("remedy")).textContent).toBe("Run tabwire pair for a new one.");
  });
});

describe("connection", () => {
  test("shows trouble with its remedy, and tries now", async () => {
    const { chrome } = await start({
      ...CONNECTED,
      phase: ConnectionPhase.WAITING,
      trouble: ConnectionTrouble.NOTHING_LISTENING,
      errorInfo: { message: "Nothing answers.", remedy: "Start `tabwire up`." },
    });
    expect((await shown("remedy")).textContent).toContain("tabwire up");
    expect(byId("connection").dataset).toMatchObject({ phase: "waiting", trouble: "nothing_listening" });
    byId("try-now").click();
    await eventually(() => expect(chrome.askedFor("retryNow")).toHaveLength(1));
  });

  test.each([
    ["extension", "Update the Tabwire extension in this browser: reload it in chrome://extensions."],
    ["server", "Update Tabwire on the server's machine, then run `tabwire up` again."],
  ])("versions that do not fit say that the %s is to be updated", async (_side, remedy) => {
    const { chrome } = await start({
      ...CONNECTED,
      phase: ConnectionPhase.FAILED,
      trouble: ConnectionTrouble.VERSION,
      errorInfo: { message: "The extension speaks protocol revisions 1 to 1, the server 2 to 3.", remedy },
    });
    expect((await shown("remedy")).textContent).toContain(remedy.replaceAll("`", ""));
    expect(byId("connection").dataset).toMatchObject({ phase: "failed", trouble: "version" });
    expect(byId("connection").textContent).toContain("revisions 1 to 1");
    byId("try-now").click(); // after the update a person need not wait
    await eventually(() => expect(chrome.askedFor("retryNow")).toHaveLength(1));
  });

  test("tells the revision that is in use", async () => {
    await start({ ...CONNECTED, revision: 3 });
    await openFacts();
    await eventually(() => expect(byId("connection").textContent).toContain("revision 3"));
  });

  test("follows what the service worker keeps in storage", async () => {
    await start({ ...CONNECTED, phase: ConnectionPhase.CONNECTING });
    await eventually(() => expect(byId("connection").dataset.phase).toBe("connecting"));
    await storedMessage("session", "connection", ConnectionStatusSchema).set(create(ConnectionStatusSchema, CONNECTED));
    await eventually(() => expect(byId("connection").textContent).toContain("Connected"));
  });

  test("a dead pairing asks to pair again", async () => {
    await start({
      ...CONNECTED,
      phase: ConnectionPhase.FAILED,
      trouble: ConnectionTrouble.TOKEN,
      errorInfo: { message: "Revoked.", remedy: "Pair again." },
    });
    await shown("pair-code");
    expect(byId("remedy").textContent).toBe("Pair again.");
    expect(allById("try-now")).toHaveLength(0);
  });

  test("shows the pairing as the server knows it, and ends it", async () => {
    const { chrome, server } = await start(CONNECTED, (made) => {
      made.server.who = {
        browserId: "browser-1",
        scopes: [Scope.BROWSER, Scope.TASKS, Scope.READ, 99 as Scope],
        pairedAt: timestampFromMs(Date.UTC(2026, 4, 17, 12)),
        pairingExpiresAt: timestampFromMs(Date.UTC(2027, 5, 16, 12)),
      };
      made.chrome.answer("unpair", { case: "status", value: { phase: ConnectionPhase.UNPAIRED } });
    });
    await openFacts();
    await eventually(() => expect(byId("connection").textContent).toContain("2026"));
    const facts = byId("connection").textContent;
    expect(facts).toContain("2027");
    expect(facts).toContain("be a browser of yours, give and steer tasks, read tasks and pages");
    expect(facts).not.toContain("make tokens");
    expect(server.done).toEqual([]);
    byId("unpair").click();
    await shown("pair-code");
    expect(chrome.askedFor("unpair")).toHaveLength(1);
  });

  test("says why the server does not tell the pairing, and unpairs all the same", async () => {
    const { chrome } = await start(CONNECTED, (made) => {
      made.server.failures.push({
        method: "who",
        error: refusal(Code.Internal, { message: "The server failed.", remedy: "Try again." }),
      });
      made.chrome.answer("unpair", {
        case: "status",
        value: {
          phase: ConnectionPhase.UNPAIRED,
          trouble: ConnectionTrouble.NOTHING_LISTENING,
          errorInfo: { message: "The server could not be told.", remedy: "Run `tabwire token revoke b1`." },
        },
      });
    });
    await openFacts();
    await eventually(() => expect(byId("connection").textContent).toContain("The server failed."));
    byId("unpair").click();
    await shown("pair-code");
    expect((await shown("remedy")).textContent).toContain("tabwire token revoke b1");
    expect(chrome.askedFor("unpair")).toHaveLength(1);
  });

  test("says what to do if the service worker does not answer", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await start(CONNECTED, (made) => {
      made.chrome.answer("status", () => {
        throw new Error("Could not establish connection.");
      });
    });
    expect((await shown("remedy")).textContent).toContain("chrome://extensions");
    expect(warned).toHaveBeenCalled();
  });
});
