// Knows the pages that Chrome lets no extension into, by their address and by Chrome's refusal, so that they are named
// at once and never waited for.

import { ErrorCode, type ErrorInfo } from "@gen/tabwire/v1/error_pb";
import { errorInfo } from "../errors";

const STORES = new Set(["chromewebstore.google.com"]);

/** The RESTRICTED_PAGE error of an address; undefined if an extension may look into it. */
export function restriction(url: string, known: { refused?: boolean; failed?: boolean } = {}): ErrorInfo | undefined {
  if (known.failed === true || url.startsWith("chrome-error:")) {
    return restricted(
      "Chrome shows an error page here, because the address could not be loaded.",
      "Go to another address, or load the page again when it can be reached.",
    );
  }
  if (url === "") return undefined;
  if (!URL.canParse(url)) return restricted("The tab shows no page that an extension may look into.");
  const parsed = new URL(url);
  if (parsed.protocol === "file:" && known.refused === true) {
    return restricted(
      "Chrome lets the extension into files only when it is allowed to.",
      "Turn on 'Allow access to file URLs' for Tabwire on chrome://extensions.",
    );
  }
  if (!["http:", "https:", "file:", "about:", "data:", "blob:", "filesystem:"].includes(parsed.protocol)) {
    return restricted(`Chrome lets no extension into ${parsed.protocol} pages.`);
  }
  if (STORES.has(parsed.hostname) || isOldStore(parsed)) {
    return restricted("Chrome lets no extension into its web store.");
  }
  if (known.refused === true && parsed.href === "about:blank") {
    return restricted("The tab is blank: there is nothing to look at.", "Go to an address.");
  }
  if (known.refused === true) {
    return restricted(
      "Chrome lets no extension into this page, as with the PDF viewer or a page that a policy protects.",
    );
  }
  return undefined;
}

/** The RESTRICTED_PAGE error of Chrome's PDF viewer. */
export function pdfViewer(): ErrorInfo {
  return restricted("Chrome shows a PDF here, and lets no extension into its viewer.", "Download the file to read it.");
}

function isOldStore(url: URL): boolean {
  return url.hostname === "chrome.google.com" && url.pathname.startsWith("/webstore");
}

function restricted(message: string, remedy = "Go to an ordinary web page."): ErrorInfo {
  return errorInfo(ErrorCode.RESTRICTED_PAGE, message, { remedy });
}
