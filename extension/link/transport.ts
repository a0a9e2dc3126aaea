// The transport: gRPC-web in its binary form over fetch, with the access token of the moment on every call. It decides
// nothing; retries and meanings of errors belong to its users.

import { ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import type { Fetch } from "./ways";

/** On every call of a link, so that it finds the server that holds it where there are several. */
export const LINK_HEADER = "x-tabwire-link";

/**
 * Makes the transport to a server. `token` is asked at every call; calls without one are for pairing only. `fetch`, if it is
 * given, makes the requests.
 */
export function createTransport(serverUrl: string, token: () => string | undefined, fetch?: Fetch): Transport {
  const authorize: Interceptor = (next) => async (request) => {
    const current = token();
    if (current !== undefined && current !== "") request.header.set("authorization", `Bearer ${current}`);
    return next(request);
  };
  const options = { baseUrl: serverUrl, useBinaryFormat: true, interceptors: [authorize] };
  return createGrpcWebTransport(fetch === undefined ? options : { ...options, fetch });
}

/** Whatever a call or a stream threw, as a ConnectError. Errors inside a stream may be anything, also plain strings. */
export function asConnectError(error: unknown): ConnectError {
  return ConnectError.from(error);
}
