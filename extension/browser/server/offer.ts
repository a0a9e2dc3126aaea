// The pairing that `tabwire up` offers by leaving pairing.json in the extension's own folder, where only a program of
// the same user can write.

import { create } from "@bufbuild/protobuf";
import { type PairingOffer, PairingOfferSchema } from "@gen/tabwire/v1/extension_pb";

/** Reads the offer. An empty one if there is none, or if the file is no offer. */
export async function readOffer(): Promise<PairingOffer> {
  let found: unknown;
  try {
    const response = await fetch(chrome.runtime.getURL("pairing.json"), { cache: "no-store" });
    found = response.ok ? await response.json() : undefined;
  } catch {
    // No such file: nothing is offered.
    found = undefined;
  }
  return parseOffer(found);
}

/** The offer in the file's content. */
export function parseOffer(found: unknown): PairingOffer {
  if (typeof found !== "object" || found === null) return create(PairingOfferSchema);
  const { server_url, code, automatic } = found as Record<string, unknown>;
  if (typeof server_url !== "string" || typeof code !== "string" || server_url === "" || code === "") {
    return create(PairingOfferSchema);
  }
  return create(PairingOfferSchema, { serverUrl: server_url, code, automatic: automatic === true });
}
