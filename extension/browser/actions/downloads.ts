// Names the file of a download that an action started.

import { pause } from "../clock";
import type { SeenDownload } from "../tabs/tab_watch";

/** How long Chrome may take to decide on a file name. */
const NAME_MS = 1_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The file name of a download: Chrome's, or the last part of the address. Empty if there is no download. */
export async function downloadName(seen: SeenDownload | undefined): Promise<string> {
  if (seen === undefined) return "";
  const until = Date.now() + NAME_MS;
  let path = seen.fileName;
  while (path === "" && Date.now() < until) {
    const [item] = await chrome.downloads.search({ id: seen.id });
    path = item?.filename ?? "";
    if (path === "") await pause(50);
  }
  const name = lastPart(path);
  // A program that steers the browser may have it kept under a number. Then the address says more.
  if (name !== "" && !UUID.test(name)) return name;
  return lastPart(pathOf(seen.urls[0])) || "a file";
}

function pathOf(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? new URL(url).pathname : "";
}

function lastPart(path: string): string {
  return path.split(/[/\\]/).pop() ?? "";
}
