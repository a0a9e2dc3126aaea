// Takes a picture of what a tab shows. Chrome can do that only for the tab that is shown in its window, and only twice
// a second.

import { create } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { type ActionResult, ImageSchema, type ScreenshotAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { DimensionsSchema } from "@gen/tabwire/v1/state_pb";
import { pause } from "../clock";
import { failure, messageOf } from "../errors";
import { type ActionCall, succeeded } from "./context";

/** See ScreenshotAction. */
export async function screenshot(call: ActionCall<ScreenshotAction>): Promise<ActionResult> {
  const tab = await call.tabs.get(call.tabId);
  if (!tab.active) throw notShown();
  const url = await capture(call, tab.windowId);
  // The person may have turned to another tab meanwhile; then the picture is of that one.
  if (!(await call.tabs.get(call.tabId)).active) throw notShown();
  const bytes = base64Decode(url.slice(url.indexOf(",") + 1));
  const mimeType = call.kind.jpegQuality > 0 ? "image/jpeg" : "image/png";
  const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: mimeType }));
  const dimensions = create(DimensionsSchema, { width: picture.width, height: picture.height });
  picture.close();
  const result = succeeded(call, { message: `Took a picture of ${dimensions.width} by ${dimensions.height} pixels.` });
  result.extracted = { case: "image", value: create(ImageSchema, { mimeType, data: bytes, dimensions }) };
  return result;
}

async function capture(call: ActionCall<ScreenshotAction>, windowId: number): Promise<string> {
  const quality = call.kind.jpegQuality;
  for (;;) {
    call.signal.throwIfAborted();
    try {
      if (quality === 0) return await chrome.tabs.captureVisibleTab(windowId, { format: "png" });
      return await chrome.tabs.captureVisibleTab(windowId, { format: "jpeg", quality });
    } catch (thrown) {
      const message = messageOf(thrown);
      const isTooSoon = message.includes("MAX_CAPTURE_VISIBLE_TAB_CALLS_PER_SECOND");
      if (!isTooSoon || Date.now() + 600 > call.until) throw refused(message);
      await pause(550, call.signal);
    }
  }
}

function notShown(): Error {
  return failure(ErrorCode.FAILED_PRECONDITION, "Chrome takes pictures only of the tab that is shown in its window.", {
    remedy: "Bring the tab to the front, then try again.",
  });
}

function refused(message: string): Error {
  if (/cannot access|not allowed|permission/i.test(message)) {
    return failure(ErrorCode.RESTRICTED_PAGE, "Chrome lets no extension take a picture of this page.", {
      remedy: "Go to an ordinary web page.",
    });
  }
  return failure(ErrorCode.OPERATION_FAILED_IN_TARGET, "Chrome could not take a picture of the tab.", {
    remedy: "See that the tab's window is not minimized, then try again.",
    retryable: true,
  });
}
