// What a screen reader hears without being asked. Not visible.

import type { JSX } from "preact";
import { usePanel } from "./panel_context";

/** The live region. It is always there, for a region that appears with its text is not read. */
export function LiveRegion(): JSX.Element {
  const { announcer } = usePanel();
  return (
    <div class="unseen" role="status" aria-live="polite" aria-atomic="true" data-testid="live">
      {announcer.said.value}
    </div>
  );
}
