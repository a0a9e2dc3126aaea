// What the service worker learns of the server's clock, as the offscreen document reports it.

import { create } from "@bufbuild/protobuf";
import { ConnectionPhase, ConnectionStatusSchema, PairingOfferSchema } from "@gen/tabwire/v1/extension_pb";
import { expect, it } from "vitest";
import { fromMillis, ServerClock } from "../../browser/clock";
import { Connection, type ConnectionParts } from "../../browser/server/connection";

const NOW = 1_800_000_000_000;

it("learns how far the server's clock is ahead, also that it is right again, but not from who was never connected", async () => {
  const clock = new ServerClock();
  const connection = new Connection({
    clock,
    pairing: { current: async () => undefined } as unknown as ConnectionParts["pairing"],
    pipe: { ensure: async () => false, send: async () => true },
    board: {} as ConnectionParts["board"],
    readOffer: async () => create(PairingOfferSchema),
    journalId: async () => "journal",
    local: {} as chrome.storage.StorageArea,
  });
  const report = async (phase: ConnectionPhase, offset: number): Promise<number | undefined> => {
    await connection.report(create(ConnectionStatusSchema, { phase, clockOffsetMs: BigInt(offset) }));
    return clock.toLocal(fromMillis(NOW));
  };
  expect(await report(ConnectionPhase.CONNECTED, -60_000)).toBe(NOW + 60_000);
  expect(await report(ConnectionPhase.CONNECTING, 0)).toBe(NOW + 60_000);
  expect(await report(ConnectionPhase.CONNECTED, 0)).toBe(NOW);
});
