// The pairing's RPCs, over the link's transport.

import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { TokenPairSchema } from "@gen/tabwire/v1/auth_pb";
import { AuthService } from "@gen/tabwire/v1/auth_service_pb";
import { createTransport } from "../../link/transport";
import type { AuthRpc } from "./pairing";

/** How long the server may take. Shorter than the life of an idle service worker. */
const TIMEOUT_MS = 15_000;
/** A person who unpairs waits for no server that is away. */
const UNPAIR_TIMEOUT_MS = 5_000;

/** The RPCs. */
export const authRpc: AuthRpc = {
  async pair(serverUrl, code, displayName, browserId, attemptId) {
    const request = { code, displayName, browserId, attemptId };
    const response = await clientOf(serverUrl).pair(request, { timeoutMs: TIMEOUT_MS });
    return { browserId: response.browserId, tokens: response.tokens ?? create(TokenPairSchema) };
  },
  async refresh(serverUrl, refreshToken) {
    const response = await clientOf(serverUrl).refreshToken({ refreshToken }, { timeoutMs: TIMEOUT_MS });
    return response.tokens ?? create(TokenPairSchema);
  },
  async revoke(serverUrl, accessToken, browserId) {
    await clientOf(serverUrl, accessToken).revokeToken({ id: browserId }, { timeoutMs: UNPAIR_TIMEOUT_MS });
  },
};

function clientOf(serverUrl: string, accessToken?: string) {
  return createClient(
    AuthService,
    createTransport(serverUrl, () => accessToken),
  );
}
