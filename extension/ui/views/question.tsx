// What the agent asks, and the way to answer it: a button per option, or free words. Approvals and hand-overs have their
// own (approval.tsx, hand_over.tsx).

import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type HumanRequest, HumanRequestKind } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { duration } from "../model/words";
import { now } from "../stores/clock";
import { Approval } from "./approval";
import { HandOver } from "./hand_over";
import { Icon } from "./icon";
import { usePanel } from "./panel_context";
import { Prose } from "./prose";

const TITLES: Readonly<Record<number, string>> = {
  [HumanRequestKind.APPROVAL]: "May Tabwire do this?",
  [HumanRequestKind.HANDOVER]: "Your turn in the tab",
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
  return (
    <section class="question" data-testid="question" aria-labelledby={id}>
      <h3 id={id} ref={heading} tabIndex={-1}>
        <Icon name="question" />
        {TITLES[request.kind] ?? "Tabwire asks"}
      </h3>
      <Prose text={request.prompt} />
      <Answer request={request} labelledBy={id} />
      <Expiry request={request} />
    </section>
  );
}

function Answer({ request, labelledBy }: { request: HumanRequest; labelledBy: string }): JSX.Element {
  if (request.kind === HumanRequestKind.APPROVAL) return <Approval request={request} />;
  if (request.kind === HumanRequestKind.HANDOVER) return <HandOver request={request} />;
  if (request.options.length > 0) return <Options request={request} options={request.options} />;
  return <FreeAnswer request={request} labelledBy={labelledBy} />;
}

/** A request that soon runs out says so. */
const SOON_MS = 3_600_000;

function Expiry({ request }: { request: HumanRequest }): JSX.Element | null {
  const { connection } = usePanel();
  if (request.expiresAt === undefined) return null;
  const serverNow = now.value + Number(connection.status.value?.clockOffsetMs ?? 0n);
  const left = timestampMs(request.expiresAt) - serverNow;
  return left > SOON_MS ? null : <p class="muted small">Time left to answer: {duration(left)}</p>;
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
          onClick={() => void task.answer({ requestId: request.requestId, answer: option })}
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
    if (text.trim() !== "") void task.answer({ requestId: request.requestId, answer: text.trim() });
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
