// What the agent asks, and the way to answer it: a button per option, or free words.

import { type HumanRequest, HumanRequestKind } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icon";
import { usePanel } from "./panel_context";
import { Prose } from "./prose";

const TITLES: Readonly<Record<number, string>> = {
  [HumanRequestKind.APPROVAL]: "May Tabwire do this?",
  [HumanRequestKind.HANDOVER]: "Your turn in the tab",
};

/** What stands for the options where a request brings none but free words make no sense. */
const USUAL_OPTIONS: Readonly<Record<number, readonly string[]>> = {
  [HumanRequestKind.APPROVAL]: ["Yes", "No"],
  [HumanRequestKind.HANDOVER]: ["Done, go on"],
};

/** The open question. */
export function Question({ request }: { request: HumanRequest }): JSX.Element {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    // Whoever writes something else at the moment is not torn away from it; the live region tells of the question.
    const focused = document.activeElement;
    if (!(focused instanceof HTMLInputElement || focused instanceof HTMLTextAreaElement)) heading.current?.focus();
  }, []);
  const options = request.options.length > 0 ? request.options : (USUAL_OPTIONS[request.kind] ?? []);
  return (
    <section class="question" data-testid="question" aria-labelledby={id}>
      <h3 id={id} ref={heading} tabIndex={-1}>
        <Icon name="question" />
        {TITLES[request.kind] ?? "Tabwire asks"}
      </h3>
      <Prose text={request.prompt} />
      {options.length > 0 ? (
        <Options request={request} options={options} />
      ) : (
        <FreeAnswer request={request} labelledBy={id} />
      )}
    </section>
  );
}

function Options({ request, options }: { request: HumanRequest; options: readonly string[] }): JSX.Element {
  const { task } = usePanel();
  return (
    <div class="options">
      {options.map((option) => (
        <button
          key={option}
          type="button"
          class="secondary option"
          data-testid="answer-option"
          aria-disabled={task.busy.value !== undefined}
          onClick={() => void task.answer(request.requestId, option)}
        >
          {option}
        </button>
      ))}
    </div>
  );
}

function FreeAnswer({ request, labelledBy }: { request: HumanRequest; labelledBy: string }): JSX.Element {
  const { task } = usePanel();
  const [text, setText] = useState("");
  const send = (event: Event): void => {
    event.preventDefault();
    if (text.trim() !== "") void task.answer(request.requestId, text.trim());
  };
  return (
    <form class="composer-box" onSubmit={send}>
      <textarea
        class="composer-text"
        data-testid="answer-input"
        rows={1}
        maxLength={20_000}
        placeholder="Your answer"
        aria-labelledby={labelledBy}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
        }}
      />
      <button
        type="submit"
        class="primary send"
        data-testid="answer-send"
        aria-label="Answer"
        aria-disabled={text.trim() === "" || task.busy.value !== undefined}
      >
        <Icon name="send" />
      </button>
    </form>
  );
}
