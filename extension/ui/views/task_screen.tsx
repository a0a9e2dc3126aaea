// One task on screen: what it is, what it does, how it ended, and what a person can do with it.

import { TaskState } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { TaskView } from "../model/task_view";
import { hasEnded, isModelTask } from "../model/task_view";
import { Collected, Effects } from "./brought";
import { Composer } from "./composer";
import { Controls } from "./controls";
import { usePanel } from "./panel_context";
import { Problem } from "./problem";
import { Question } from "./question";
import { Steer } from "./steer";
import { TaskEnd } from "./task_end";
import { TaskHead } from "./task_head";
import { TaskTrouble } from "./task_trouble";
import { Timeline } from "./timeline";

/** Where the agent hears what it is told. */
const CAN_HEAR: ReadonlySet<TaskState> = new Set([
  TaskState.QUEUED,
  TaskState.RUNNING,
  TaskState.PAUSED,
  TaskState.WAITING_BROWSER,
  TaskState.NEEDS_ATTENTION,
]);

/** How near to the end a person must have scrolled to be taken along with what is new, in pixels. */
const NEAR_END = 96;

/** The open task. */
export function TaskScreen(): JSX.Element {
  const panel = usePanel();
  const { task } = panel;
  const view = task.view.value;
  if (task.lost.value !== undefined) {
    return (
      <div class="scroll">
        <Problem error={task.lost.value} />
      </div>
    );
  }
  if (view === undefined) {
    return (
      <div class="scroll">
        <p class="muted waiting">Fetching the task…</p>
        <TaskTrouble />
      </div>
    );
  }
  return <LoadedTask key={view.task.taskId} view={view} />;
}

function LoadedTask({ view }: { view: TaskView }): JSX.Element {
  const { task } = usePanel();
  const scroll = useRef<HTMLDivElement>(null);
  useFollow(scroll, view);
  useKeptFocus(scroll, view.task.state);
  const { state, humanRequest } = view.task;
  const ended = hasEnded(state);
  const asks = state === TaskState.WAITING_HUMAN && humanRequest !== undefined;
  return (
    <>
      <div class="scroll" ref={scroll}>
        <TaskHead view={view} />
        <TaskTrouble />
        {ended && <TaskEnd view={view} />}
        <Collected view={view} />
        {ended && view.task.steps.length > 0 && <Effects />}
        <Timeline view={view} />
        {!ended && <TaskEnd view={view} />}
      </div>
      <div class="dock">
        {task.refusal.value !== undefined && <Problem error={task.refusal.value} />}
        {asks && <Question key={humanRequest.requestId} request={humanRequest} />}
        {CAN_HEAR.has(state) && isModelTask(view.task) && <Steer />}
        <Controls state={state} />
        {ended && <Composer follows={isModelTask(view.task) ? view.task.taskId : ""} />}
      </div>
    </>
  );
}

/** Keeps the newest part in sight, unless the person scrolled away to read. */
function useFollow(scroll: { current: HTMLDivElement | null }, view: TaskView): void {
  const following = useRef(!hasEnded(view.task.state));
  useEffect(() => {
    const element = scroll.current;
    if (element === null) return undefined;
    const scrolled = (): void => {
      following.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    };
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => element.removeEventListener("scroll", scrolled);
  }, [scroll]);
  useLayoutEffect(() => {
    const element = scroll.current;
    // What an ended task has to say stands at its top.
    const target = hasEnded(view.task.state) ? 0 : element?.scrollHeight;
    if (element !== null && target !== undefined && following.current) element.scrollTop = target;
    if (hasEnded(view.task.state)) following.current = false;
  }, [view, scroll]);
}

/** Brings the focus to the task's heading when the control that had it went away with the state, and at the opening. */
function useKeptFocus(scroll: { current: HTMLDivElement | null }, state: TaskState): void {
  useLayoutEffect(() => {
    if (document.activeElement !== document.body && document.activeElement !== null) return;
    scroll.current?.querySelector<HTMLElement>("[data-heading]")?.focus({ preventScroll: true });
  }, [state, scroll]);
}
