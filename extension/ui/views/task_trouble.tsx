// Says that the task on screen is not live. What is wrong with the connection as a whole is told by the connection bar.

import { ConnectionPhase } from "@gen/tabwire/v1/extension_pb";
import type { JSX } from "preact";
import { usePanel } from "./panel_context";
import { Problem } from "./problem";

/** Why the task does not move on screen, if that is so. */
export function TaskTrouble(): JSX.Element | null {
  const { connection, task } = usePanel();
  const trouble = task.trouble.value;
  if (trouble === undefined) return null;
  // Where the bar above shows the trouble with its remedy, once is enough.
  if (connection.phase.value === ConnectionPhase.CONNECTED) return <Problem error={trouble} />;
  return (
    <p class="muted small not-live" role="status" data-testid="not-live">
      Not live: this is how the task stood at the last contact. It may run on at the server.
    </p>
  );
}
