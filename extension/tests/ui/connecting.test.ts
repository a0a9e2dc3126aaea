// @vitest-environment jsdom
// Pairing and the connection bar, as a person meets them.

import { create } from "@bufbuild/protobuf";
import { ConnectionPhase, ConnectionStatusSchema, ConnectionTrouble } from "@gen/tabwire/v1/extension_pb";
import { afterEach, describe, expect, test, vi } from "vitest";
import { storedMessage } from "../../ui/services/storage";
import { allById, byId, CONNECTED, closeAll, eventually, SERVER_URL, shown, start, type } from "./bench";

afterEach(closeAll);

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
