// The same table of pairs that the Python tests read (tests/compat/test_revisions.py): the extension takes the revision
// that both speak, and otherwise says which side to update, in its status, which the side panel shows, and on the console.

import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ErrorCode, type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import { ConnectionPhase, ConnectionTrouble, LinkCredentialsSchema } from "@gen/tabwire/v1/extension_pb";
import { HelloSchema, WelcomeSchema } from "@gen/tabwire/v1/link_pb";
import { afterEach, describe, expect, it, vi } from "vitest";
import { diagnose } from "../../link/diagnose";
import { LinkClient } from "../../link/link_client";
import { foreignRevision } from "../../link/revision";
import { failing, ServerDouble } from "../link/server_double";

interface Pair {
  readonly name: string;
  readonly browser: [number, number];
  readonly server: [number, number];
  readonly revision?: number;
  readonly update?: "extension" | "server";
}

const pairs: Pair[] = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/revisions.json", import.meta.url), "utf8"),
).pairs;
const REMEDIES = { extension: "chrome://extensions", server: "tabwire up" };

function helloOf([minRevision, maxRevision]: [number, number]) {
  return create(HelloSchema, { minRevision, maxRevision, extensionVersion: "9.9.9" });
}

describe.each(pairs)("$name", ({ browser, server, revision, update }) => {
  it("takes what both speak, and nothing else", () => {
    if (revision !== undefined) {
      expect(foreignRevision(helloOf(browser), create(WelcomeSchema, { revision }))).toBeUndefined();
      return;
    }
    // A server would not say Welcome. One that does is refused, whatever it chose of its own.
    for (const chosen of server) {
      const info = foreignRevision(helloOf(browser), create(WelcomeSchema, { revision: chosen, serverVersion: "7.7" }));
      expect(info).toMatchObject({ errorCode: ErrorCode.PROTOCOL_REVISION_UNSUPPORTED, retryable: false });
      expect(info?.details?.kind).toMatchObject({ case: "revision", value: { update } });
      expect(info?.remedy).toContain(REMEDIES[update as "server"]);
      expect(info?.message).toContain(`${Math.max(browser[0], 1)} to ${browser[1]}`);
      expect(info?.message).toContain(String(chosen));
    }
  });
});

let client: LinkClient | undefined;

afterEach(() => client?.disconnect("the test is over"));

function linkTo(server: ServerDouble): LinkClient {
  client = new LinkClient({
    makeTransport: () => server.transport,
    diagnose: (url, error) => diagnose(url, error, () => Promise.reject(new TypeError("Failed to fetch"))),
    now: () => Math.floor(performance.now()),
    deliver: async () => true,
    onStatus: () => {},
    onTokenNeeded: () => {},
    random: () => 0,
  });
  client.connect(
    create(LinkCredentialsSchema, {
      serverUrl: "https://127.0.0.1:8443",
      accessToken: "token",
      browserId: "browser-1",
      hello: helloOf([2, 3]),
    }),
  );
  return client;
}

/** What a server says to a browser with which it shares no revision (server/tabwire/link/revision.py). */
const REFUSAL: ErrorInfo = create(ErrorInfoSchema, {
  errorCode: ErrorCode.PROTOCOL_REVISION_UNSUPPORTED,
  message: "The extension speaks protocol revisions 2 to 3, the server 1 to 1; they share none.",
  remedy: "Update Tabwire on the server's machine, then run `tabwire up` again.",
});

describe.each<[string, (server: ServerDouble) => void, string]>([
  [
    "refuses",
    (server) => {
      server.refusal = failing(Code.FailedPrecondition, REFUSAL);
    },
    "tabwire up",
  ],
  [
    "chooses one that is too old",
    (server) => {
      server.revision = 1;
    },
    "tabwire up",
  ],
  [
    "chooses one that is too new",
    (server) => {
      server.revision = 4;
    },
    "chrome://extensions",
  ],
])("a server that %s", (_name, spoil, remedy) => {
  it("is told with the remedy, once on the console, and is tried again when it was updated", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const server = new ServerDouble();
    spoil(server);
    const linked = linkTo(server);
    await vi.waitFor(() => expect(linked.status.phase).toBe(ConnectionPhase.FAILED));
    expect(linked.status.trouble).toBe(ConnectionTrouble.VERSION);
    expect(linked.status.errorInfo?.remedy).toContain(remedy);
    expect(linked.status.revision).toBe(0);
    expect(server.attachments).toEqual([]);
    expect(warned).toHaveBeenCalledOnce();
    expect(String(warned.mock.calls[0]?.[0])).toContain(remedy);

    server.refusal = undefined;
    server.revision = 3;
    linked.retryNow();
    await vi.waitFor(() => expect(linked.status.phase).toBe(ConnectionPhase.CONNECTED));
    expect(linked.status.revision).toBe(3);
    expect(linked.status.trouble).toBe(ConnectionTrouble.UNSPECIFIED);
  });
});
