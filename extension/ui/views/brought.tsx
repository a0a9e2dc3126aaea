// What an ended task leaves: the rows it collected, as files, and the list of all effects it had.

import { ExportFormat } from "@gen/tabwire/v1/task_service_pb";
import type { JSX } from "preact";
import type { TaskView } from "../model/task_view";
import { effectWord, shortAddress } from "../model/words";
import { Icon } from "./icon";
import { usePanel } from "./panel_context";

/** The tables that were collected, with a button for each kind of file. */
export function Collected({ view }: { view: TaskView }): JSX.Element | null {
  const { collected } = view.task;
  if (collected.length === 0) return null;
  return (
    <section class="collected" aria-label="Collected" data-testid="collected">
      {collected.map((table) => (
        <div key={table.name} class="collected-table">
          <p class="small">
            <strong>{table.name}</strong>
            {`: ${table.rowCount} ${table.rowCount === 1 ? "row" : "rows"}, ${table.columns.length} columns`}
          </p>
          <SaveAs words="CSV" format={ExportFormat.CSV} table={table.name} />
        </div>
      ))}
      <div class="options options-beside">
        <SaveAs words="Excel" format={ExportFormat.XLSX} />
        <SaveAs words="JSON" format={ExportFormat.JSON} />
      </div>
    </section>
  );
}

interface SaveAsProps {
  readonly words: string;
  readonly format: ExportFormat;
  readonly table?: string;
}

function SaveAs({ words, format, table = "" }: SaveAsProps): JSX.Element {
  const { task } = usePanel();
  const busy = task.busy.value !== undefined;
  return (
    <button
      type="button"
      class="link-button"
      data-testid="save-as"
      aria-disabled={busy}
      aria-label={table === "" ? `Save as ${words}` : `Save ${table} as ${words}`}
      onClick={() => {
        if (!busy) void task.export(format, table);
      }}
    >
      <Icon name="page" />
      {words}
    </button>
  );
}

/** What the task did, fetched when a person wants to see it. */
export function Effects(): JSX.Element {
  const { task } = usePanel();
  const effects = task.effects.value;
  return (
    <details
      class="fold"
      data-testid="effects"
      onToggle={(event) => {
        // An open list is as of the moment it was opened.
        if (event.currentTarget.open) void task.lookAtEffects();
      }}
    >
      <summary class="small">What it did</summary>
      {effects === undefined && <p class="muted small">Fetching…</p>}
      {effects?.length === 0 && <p class="muted small">Nothing was changed anywhere.</p>}
      <ol class="effects small">
        {effects?.map((effect) => (
          <li key={String(effect.seq)}>
            <span class="effect-kind">{effectWord(effect.kind)}</span> {effect.description}
            {effect.url !== "" && <span class="muted"> on {shortAddress(effect.url, 48)}</span>}
            {effect.approved && <span class="muted"> (approved)</span>}
          </li>
        ))}
      </ol>
      {effects !== undefined && effects.length > 0 && <SaveAs words="Report" format={ExportFormat.MARKDOWN} />}
    </details>
  );
}
