// One task in a list: what it was, how it stands, when and where.

import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Task } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { clip, hostOf, when } from "../model/words";
import { usePanel } from "./panel_context";
import { StateBadge } from "./task_head";

/** A task to open. */
export function HistoryItem({ task }: { task: Task }): JSX.Element {
  const panel = usePanel();
  const facts = [];
  if (task.createdAt !== undefined) facts.push(when(timestampDate(task.createdAt), new Date()));
  if (task.context?.url) facts.push(hostOf(task.context.url));
  return (
    <li>
      <button
        type="button"
        class="history-item"
        data-testid="history-item"
        data-task={task.taskId}
        onClick={() => panel.openTask(task.taskId, task)}
      >
        <span class="history-prompt">{clip(task.userPrompt, 140)}</span>
        <span class="history-line">
          <StateBadge state={task.state} small />
          <span class="muted small history-facts">{facts.join(" · ")}</span>
        </span>
      </button>
    </li>
  );
}
