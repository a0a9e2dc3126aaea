// The steps of a task along one wire, with the questions in between.

import { TaskState } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { type Exchange, hasEnded, type Interjection, type TaskView } from "../model/task_view";
import { Icon } from "./icon";
import { StepCard } from "./step_card";

/** What happened so far. */
export function Timeline({ view }: { view: TaskView }): JSX.Element {
  const { steps, state, cause } = view.task;
  const told = hasEnded(state) ? (cause?.message ?? "") : "";
  const waiting = steps.length === 0 && !hasEnded(state);
  return (
    <ol class="timeline" aria-label="Steps">
      <Exchanges view={view} afterStep={0} />
      {steps.map((step, index) => [
        <StepCard
          key={step.number}
          step={step}
          running={view.running}
          state={state}
          told={told}
          pageBefore={steps[index - 1]?.url ?? ""}
        />,
        <Exchanges key={`asked-${step.number}`} view={view} afterStep={step.number} />,
      ])}
      {waiting && (
        <li class="node node-empty" data-tone="busy" data-active={state === TaskState.RUNNING}>
          <span class="node-mark" aria-hidden="true" />
          <p class="muted">{waitingWords(state, cause?.message ?? "")}</p>
        </li>
      )}
    </ol>
  );
}

function waitingWords(state: TaskState, cause: string): string {
  switch (state) {
    case TaskState.QUEUED:
      return cause || "Waits for its turn.";
    case TaskState.WAITING_BROWSER:
      return "Goes on when the browser is connected.";
    default:
      return "Looks at the page.";
  }
}

function Exchanges({ view, afterStep }: { view: TaskView; afterStep: number }): JSX.Element {
  // The open question is shown where it is answered.
  const open = view.task.humanRequest?.requestId;
  const shown = view.exchanges.filter(
    (exchange) =>
      exchange.afterStep === afterStep && (exchange.answer !== undefined || exchange.request.requestId !== open),
  );
  return (
    <>
      {shown.map((exchange) => (
        <ExchangeNode key={exchange.request.requestId} exchange={exchange} />
      ))}
      {view.interjections
        .filter((one) => one.afterStep === afterStep)
        .map((one) => (
          <InterjectionNode key={one.key} interjection={one} />
        ))}
    </>
  );
}

function InterjectionNode({ interjection }: { interjection: Interjection }): JSX.Element {
  const said = interjection.kind === "said";
  return (
    <li class="node node-exchange" data-tone={said ? "calm" : "ask"} data-testid="interjection">
      <span class="node-mark" aria-hidden="true">
        <Icon name={said ? "quote" : "target"} />
      </span>
      <p class={said ? "exchange-answer" : "exchange-question"}>
        {said && <span class="unseen">You said: </span>}
        {interjection.text}
      </p>
    </li>
  );
}

function ExchangeNode({ exchange }: { exchange: Exchange }): JSX.Element {
  return (
    <li class="node node-exchange" data-tone="ask" data-testid="exchange">
      <span class="node-mark" aria-hidden="true">
        <Icon name="question" />
      </span>
      <p class="exchange-question">{exchange.request.prompt}</p>
      <p class={exchange.answer === undefined ? "muted small" : "exchange-answer"}>
        {exchange.answer ?? "Not answered."}
      </p>
    </li>
  );
}
