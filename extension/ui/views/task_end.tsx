// What a person is told below the steps: the result, why it failed, or what needs their attention.

import { TaskState } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { TaskView } from "../model/task_view";
import type { Tone } from "../model/words";
import { Icon } from "./icon";
import { Problem } from "./problem";
import { Prose } from "./prose";

/** The end of the task, or what stands in its way. */
export function TaskEnd({ view }: { view: TaskView }): JSX.Element | null {
  const { state, cause, result } = view.task;
  const problem = cause !== undefined && cause.message !== "" ? cause : undefined;
  switch (state) {
    case TaskState.SUCCEEDED:
      return <Result title="Result" tone="good" text={result || "The task is done."} evidence={view.task.evidence} />;
    case TaskState.FAILED:
      return (
        <section class="end" data-tone="bad" aria-label="Result" data-testid="result">
          <h3>Not done</h3>
          {result !== "" && result !== problem?.message && <Prose text={result} />}
          {problem !== undefined && <Problem error={problem} quiet />}
        </section>
      );
    case TaskState.STOPPED:
      return <Result title="Stopped" tone="calm" text={result || problem?.message || "You stopped the task."} />;
    case TaskState.NEEDS_ATTENTION:
      return (
        <section class="end" data-tone="ask" aria-label="Needs your attention" data-testid="attention">
          <h3>Please look at the page</h3>
          <Problem
            error={problem ?? { message: "It is not known whether the last action had its effect.", remedy: ATTENTION }}
            quiet
          />
        </section>
      );
    case TaskState.PAUSED:
    case TaskState.WAITING_BROWSER:
      return problem === undefined ? null : (
        <section class="end" data-tone={state === TaskState.PAUSED ? "calm" : "ask"} aria-label="Why it waits">
          <Problem error={problem} quiet />
        </section>
      );
    default:
      return null;
  }
}

const ATTENTION = "Look at the page, then let the task go on or stop it.";

interface ResultProps {
  readonly title: string;
  readonly tone: Tone;
  readonly text: string;
  /** What bears the result out, if it was checked. */
  readonly evidence?: string;
}

function Result({ title, tone, text, evidence = "" }: ResultProps): JSX.Element {
  return (
    <section class="end" data-tone={tone} aria-label="Result" data-testid="result">
      <div class="end-head">
        <h3>{title}</h3>
        {tone === "good" && <CopyButton text={text} />}
      </div>
      <Prose text={text} />
      {evidence !== "" && (
        <p class="small evidence" data-testid="evidence">
          <Icon name="check" />
          <span>{evidence}</span>
        </p>
      )}
    </section>
  );
}

function CopyButton({ text }: { text: string }): JSX.Element {
  const [words, setWords] = useState("Copy");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setWords("Copied");
    } catch (error) {
      console.warn("tabwire: cannot copy", error);
      setWords("Cannot copy");
    }
  };
  return (
    <button type="button" class="link-button" data-testid="copy" onClick={() => void copy()}>
      <Icon name="copy" />
      <span aria-live="polite">{words}</span>
    </button>
  );
}
