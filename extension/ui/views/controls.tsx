// What a person can do with the open task: pause it, let it go on, stop it, give it again, delete it.

import { TaskState } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { hasEnded } from "../model/task_view";
import { Icon, type IconName } from "./icon";
import { usePanel } from "./panel_context";

const CAN_PAUSE: ReadonlySet<TaskState> = new Set([
  TaskState.QUEUED,
  TaskState.RUNNING,
  TaskState.WAITING_HUMAN,
  TaskState.WAITING_BROWSER,
]);
const CAN_RESUME: ReadonlySet<TaskState> = new Set([TaskState.PAUSED, TaskState.NEEDS_ATTENTION]);

/** The buttons for a task in this state. */
export function Controls({ state }: { state: TaskState }): JSX.Element {
  const panel = usePanel();
  const { task } = panel;
  const busy = task.busy.value;
  if (hasEnded(state)) {
    return (
      <fieldset class="controls" aria-label="Task">
        <Control
          id="again"
          icon="again"
          words={busy === "again" ? "Starting…" : "Run again"}
          run={() => panel.runAgain()}
        />
        <Control id="edit" icon="edit" words="Edit" run={() => panel.editAgain()} />
        <Delete />
      </fieldset>
    );
  }
  const stopping = state === TaskState.STOPPING;
  return (
    <fieldset class="controls" aria-label="Task">
      {CAN_PAUSE.has(state) && (
        <Control id="pause" icon="pause" words={busy === "pause" ? "Pausing…" : "Pause"} run={() => task.pause()} />
      )}
      {CAN_RESUME.has(state) && (
        <Control
          id="resume"
          icon="resume"
          primary
          words={busy === "resume" ? "Resuming…" : "Resume"}
          run={() => task.resume()}
        />
      )}
      <Control
        id="stop"
        icon="stop"
        words={stopping || busy === "stop" ? "Stopping…" : "Stop"}
        disabled={stopping}
        run={() => task.stop()}
      />
    </fieldset>
  );
}

/** Asks once more, because a deleted task cannot be had back. */
function Delete(): JSX.Element {
  const panel = usePanel();
  const [asked, setAsked] = useState(false);
  const busy = panel.task.busy.value === "delete";
  const words = asked ? "Delete for good?" : "Delete";
  return (
    <Control
      id="delete"
      icon="cross"
      words={busy ? "Deleting…" : words}
      run={() => (asked ? panel.deleteTask() : setAsked(true))}
    />
  );
}

interface ControlProps {
  readonly id: string;
  readonly icon: IconName;
  readonly words: string;
  readonly run: () => unknown;
  readonly primary?: boolean;
  readonly disabled?: boolean;
}

function Control({ id, icon, words, run, primary = false, disabled = false }: ControlProps): JSX.Element {
  const { task } = usePanel();
  const busy = task.busy.value !== undefined;
  return (
    <button
      type="button"
      class={primary ? "primary" : "secondary"}
      data-testid={id}
      aria-disabled={busy || disabled}
      onClick={() => {
        // Not the disabled attribute: it would drop the focus of whoever pressed the button by keyboard.
        if (!busy && !disabled) void run();
      }}
    >
      <Icon name={icon} />
      {words}
    </button>
  );
}
