// Hands the tab over to the person, as for logging in, and takes it back.

import type { HumanRequest } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "./icon";
import { usePanel } from "./panel_context";

/** The way to the tab and the way back. */
export function HandOver({ request }: { request: HumanRequest }): JSX.Element {
  const { task } = usePanel();
  const [note, setNote] = useState("");
  const busy = task.busy.value !== undefined;
  return (
    <>
      <input
        class="text-input"
        data-testid="hand-back-note"
        aria-label="A note for the agent"
        placeholder="A note for the agent (may be left empty)"
        maxLength={2000}
        value={note}
        onInput={(event) => setNote(event.currentTarget.value)}
      />
      <div class="options options-beside">
        <button type="button" class="secondary" data-testid="hand-over-tab" onClick={() => void task.showTab()}>
          <Icon name="page" />
          Show the tab
        </button>
        <button
          type="button"
          class="primary"
          data-testid="hand-back"
          aria-disabled={busy}
          onClick={() => {
            if (!busy) void task.answer({ requestId: request.requestId, answer: note.trim() });
          }}
        >
          Done, go on
        </button>
      </div>
    </>
  );
}
