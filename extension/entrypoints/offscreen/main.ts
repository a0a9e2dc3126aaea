// The offscreen document: it holds the link, because a service worker cannot hold a stream for more than half a minute.
// Wiring only: the link is in link/link_client.ts, the messages to and from the service worker in link/pipe.ts.

import { isServiceWorker, WORKER_SCRIPT } from "../../browser/senders";
import { createClock } from "../../link/clock";
import { diagnose } from "../../link/diagnose";
import { LinkClient } from "../../link/link_client";
import { Pipe, type PipeHandler } from "../../link/pipe";
import { createTransport } from "../../link/transport";
import { Vigil } from "../../link/vigil";
import { Ways } from "../../link/ways";
import { LINE_OFFER, type LinePort } from "../../wire/direct_line";
import { LIFE } from "../../wire/life";

const pipe = new Pipe((message) => chrome.runtime.sendMessage(message));

const vigil = new Vigil(() => chrome.runtime.connect({ name: "vigil" }));

const ways = new Ways((input, init) => fetch(input, init));

const client = new LinkClient({
  makeTransport: (serverUrl, token) => createTransport(serverUrl, token, ways.fetch),
  diagnose: (serverUrl, error) => diagnose(serverUrl, error, ways.fetch),
  leaveConnection: (serverUrl) => ways.leave(serverUrl),
  now: createClock(),
  deliver: async (message) => {
    const recorded = await pipe.deliver(message);
    if (recorded) vigil.recorded(message);
    return recorded;
  },
  onStatus: (status) => pipe.pushStatus(status),
  onTokenNeeded: (refused) => void pipe.needToken(refused),
  random: Math.random,
});

const told = new AbortController();
void pipe.askForCredentials(told.signal);

const handler: PipeHandler = {
  connect: (credentials) => {
    told.abort();
    client.connect(credentials);
  },
  disconnect: (reason) => {
    told.abort();
    void client.disconnect(reason);
  },
  send: (uplink) => {
    vigil.sent(uplink);
    return client.send(uplink);
  },
  sendResult: (result) => {
    vigil.answered(result.commandId);
    return client.sendResult(result);
  },
  pushStatus: () => pipe.pushStatus(client.status),
  retryNow: () => client.retryNow(),
};

chrome.runtime.onMessage.addListener((message, sender, respond) => {
  // A page that has taken over its process can speak as a content script; the link is none of its business.
  if (!isServiceWorker(sender)) return;
  const answer = pipe.take(message, handler);
  if (answer !== undefined) respond(answer);
});

// Only this extension's own worker can reach its documents in this way; that it is the worker is looked at all the same.
navigator.serviceWorker.onmessage = ({ data, source, ports: [port] }) => {
  const isWorker = source instanceof ServiceWorker && source.scriptURL === chrome.runtime.getURL(WORKER_SCRIPT);
  if (data !== LINE_OFFER || !isWorker || port === undefined) return;
  pipe.connect(port as LinePort, handler);
  chrome.runtime.connect({ name: LIFE });
};
