// The tasks so far, with a search in what has been loaded.

import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { HistoryItem } from "./history_item";
import { Icon } from "./icon";
import { usePanel } from "./panel_context";
import { Problem } from "./problem";

/** The history. */
export function HistoryScreen(): JSX.Element {
  const panel = usePanel();
  const { history } = panel;
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  useEffect(() => history.follow(), [history]);
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || history.search.value !== "") return;
    event.preventDefault();
    panel.leaveHistory();
  };
  const found = history.found.value;
  return (
    <div class="scroll">
      <div class="history-head">
        <h2>History</h2>
        <button type="button" class="link-button" data-testid="history-back" onClick={() => panel.leaveHistory()}>
          <Icon name="back" />
          Back
        </button>
      </div>
      <search class="search">
        <label class="unseen" for={id}>
          Search the history
        </label>
        <Icon name="search" />
        <input
          id={id}
          ref={field}
          type="search"
          class="input"
          data-testid="history-search"
          placeholder="Search"
          value={history.search.value}
          onInput={(event) => {
            history.search.value = event.currentTarget.value;
          }}
          onKeyDown={pressed}
        />
      </search>
      {history.error.value !== undefined && <Problem error={history.error.value} />}
      <p class="unseen" role="status">
        {history.search.value === "" ? "" : `${found.length} found`}
      </p>
      <ul class="list" aria-label="Tasks">
        {found.map((task) => (
          <HistoryItem key={task.taskId} task={task} />
        ))}
      </ul>
      {found.length === 0 && history.loaded.value && (
        <p class="muted waiting">{history.search.value === "" ? "No tasks yet." : "No task found."}</p>
      )}
      <More />
    </div>
  );
}

function More(): JSX.Element | null {
  const { history } = usePanel();
  if (!history.loaded.value) return history.busy.value ? <p class="muted waiting">Fetching the history…</p> : null;
  if (!history.hasMore.value) return null;
  return (
    <button
      type="button"
      class="secondary wide"
      data-testid="history-more"
      aria-disabled={history.busy.value}
      onClick={() => void history.more()}
    >
      {history.busy.value ? "Fetching…" : "Older tasks"}
    </button>
  );
}
