// The browser's side of the rule by which two versions agree (server/tabwire/link/revision.py): the server chooses the
// revision of the protocol, and the browser takes it only if it is one that it speaks. Pure.

import { create } from "@bufbuild/protobuf";
import { ComponentOrigin, ErrorCode, type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import type { Hello, Welcome } from "@gen/tabwire/v1/link_pb";

/** Says which side to update if the server chose a revision that this browser does not speak. */
export function foreignRevision(hello: Hello, { revision, serverVersion }: Welcome): ErrorInfo | undefined {
  const lowest = Math.max(hello.minRevision, 1);
  const highest = Math.max(hello.maxRevision, lowest);
  if (revision >= lowest && revision <= highest) return undefined;
  const update = revision > highest ? "extension" : "server";
  return create(ErrorInfoSchema, {
    errorCode: ErrorCode.PROTOCOL_REVISION_UNSUPPORTED,
    message:
      `The extension speaks protocol revisions ${lowest} to ${highest}, ` +
      `the server (version ${serverVersion || "unknown"}) answered with revision ${revision}.`,
    remedy:
      update === "extension"
        ? "Update the Tabwire extension in this browser: reload it in chrome://extensions."
        : "Update Tabwire on the server's machine, then run `tabwire up` again.",
    componentOrigin: ComponentOrigin.OFFSCREEN,
    details: {
      kind: {
        case: "revision",
        value: { browserMin: lowest, browserMax: highest, serverMin: revision, serverMax: revision, update },
      },
    },
  });
}
