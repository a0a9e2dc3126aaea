// Waits for a page that nobody acts on to be quiet.

import { sleep } from "../clock";
import { isTicking, Tickers } from "./ticking";

/** Waits until nothing has changed for so many milliseconds, or the limit passes. Tells whether it was quiet. */
export async function waitForQuiet(
  roots: readonly (Document | ShadowRoot)[],
  quiet: number,
  limit: number,
): Promise<boolean> {
  let last = performance.now();
  const until = last + limit;
  const tickers = new Tickers();
  const changed = new Map<Node, number>();
  const observer = new MutationObserver((records) => {
    const now = performance.now();
    const own = records.filter((record) => !isTicking(record.target));
    for (const record of own) if (record.attributeName !== "style") changed.set(record.target, now);
    const found = tickers.note(own, now);
    for (const node of found) changed.delete(node);
    if (found.length > 0) last = until - limit;
    for (const time of changed.values()) last = Math.max(last, time);
  });
  for (const root of roots) {
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
  }
  try {
    for (;;) {
      const now = performance.now();
      const rest = last + quiet - now;
      if (rest <= 0) return true;
      if (now + rest > until + 1) return false;
      await sleep(rest);
    }
  } finally {
    observer.disconnect();
  }
}
