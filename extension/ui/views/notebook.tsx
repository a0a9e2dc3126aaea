// The agent's notebook (its scratchpad, in Markdown), to read and, while the task runs, to change.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { hasEnded, type TaskView } from "../model/task_view";
import { usePanel } from "./panel_context";
import { Prose } from "./prose";

/** The notebook, closed until it is wanted. */
export function Notebook({ view }: { view: TaskView }): JSX.Element | null {
  const { scratchpad, state } = view.task;
  const ended = hasEnded(state);
  if (ended && scratchpad === "") return null;
  return (
    <details class="fold" data-testid="notebook">
      <summary class="small">Notebook</summary>
      {ended ? <Prose text={scratchpad} /> : <Editor known={scratchpad} />}
    </details>
  );
}

function Editor({ known }: { known: string }): JSX.Element {
  const { task } = usePanel();
  // Undefined while the person has changed nothing: then what the agent writes shows at once.
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const busy = task.busy.value !== undefined;
  const save = async (): Promise<void> => {
    if (busy || draft === undefined) return;
    if (await task.writeScratchpad(draft)) setDraft(undefined);
  };
  return (
    <>
      <textarea
        class="notebook-text"
        data-testid="notebook-text"
        aria-label="Notebook"
        rows={5}
        maxLength={100_000}
        placeholder="Facts for the agent to keep"
        value={draft ?? known}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
      {draft !== undefined && draft !== known && (
        <div class="options options-beside">
          <button
            type="button"
            class="primary"
            data-testid="notebook-save"
            aria-disabled={busy}
            onClick={() => void save()}
          >
            Save
          </button>
          <button type="button" class="secondary" data-testid="notebook-discard" onClick={() => setDraft(undefined)}>
            Discard
          </button>
        </div>
      )}
    </>
  );
}
