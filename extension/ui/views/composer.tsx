// Where a task is written: the text, what goes with it, what was wrong with it. Sending is stores/composer.ts.

import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { Complaint, Place } from "../model/complaint";
import { ContextChips } from "./context_chips";
import { Icon } from "./icon";
import { usePanel } from "./panel_context";
import { withCode } from "./prose";

/** The composer. `follows` is the ended task on screen that can be gone on with; empty if there is none. */
export function Composer({ follows = "" }: { follows?: string }): JSX.Element {
  const { composer, connection } = usePanel();
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const complaint = composer.complaint.value;
  const wish = composer.focusWish.value;
  useEffect(() => {
    if (composer.takeFocusWish()) focusText(field.current, composer.complaint.peek());
  }, [wish, composer]);

  useEffect(() => {
    composer.follows.value = follows;
    return () => {
      composer.follows.value = "";
    };
  }, [follows, composer]);

  const submit = (event: Event): void => {
    event.preventDefault();
    void composer.send();
  };
  const pressed = (event: KeyboardEvent): void => {
    // Enter that ends the writing of a composed character, as in Japanese, is not meant for the form.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    submit(event);
  };
  const commandsOnly = connection.status.value?.modelConfigured === false;
  const describedBy = complaint === undefined ? `${id}-keys` : `${id}-keys ${id}-fault`;
  return (
    <form class="composer" onSubmit={submit} aria-label="New task">
      {composer.follows.value === "" ? <ContextChips /> : <FollowChip />}
      <div class="composer-box" data-invalid={complaint !== undefined}>
        <label class="unseen" for={id}>
          What is to be done?
        </label>
        <textarea
          id={id}
          ref={field}
          class="composer-text"
          data-testid="task-input"
          rows={2}
          maxLength={20_000}
          placeholder={commandsOnly ? 'click "Add to cart"' : "Write a task…"}
          value={composer.text.value}
          aria-invalid={complaint !== undefined}
          aria-describedby={describedBy}
          onInput={(event) => composer.write(event.currentTarget.value)}
          onKeyDown={pressed}
          onFocus={() => composer.begin()}
        />
        <button
          type="submit"
          class="primary send"
          data-testid="task-send"
          aria-label={composer.busy.value ? "Sending…" : "Send"}
          disabled={composer.busy.value}
        >
          <Icon name="send" />
        </button>
      </div>
      {complaint !== undefined && <Fault id={`${id}-fault`} complaint={complaint} />}
      <p class="muted small composer-keys" id={`${id}-keys`}>
        <kbd>Enter</kbd> sends, <kbd>Shift</kbd>+<kbd>Enter</kbd> starts a new line
      </p>
    </form>
  );
}

function FollowChip(): JSX.Element {
  const { composer } = usePanel();
  return (
    <ul class="chips" aria-label="Sent with the task">
      <li class="chip" data-testid="follows">
        <Icon name="arrow" />
        <span class="chip-label">Goes on with this task</span>
        <button
          type="button"
          class="chip-remove"
          aria-label="Make it a task of its own"
          data-testid="follows-not"
          onClick={() => {
            composer.follows.value = "";
          }}
        >
          <Icon name="cross" />
        </button>
      </li>
    </ul>
  );
}

function focusText(field: HTMLTextAreaElement | null, complaint: Complaint | undefined): void {
  if (field === null) return;
  field.focus();
  const offset = complaint?.place?.offset ?? field.value.length;
  field.setSelectionRange(offset, offset);
}

function Fault({ id, complaint }: { id: string; complaint: Complaint }): JSX.Element {
  return (
    <div class="problem" id={id} role="alert" data-testid="task-fault">
      <p class="problem-message">{withCode(complaint.message)}</p>
      {complaint.place !== undefined && <FaultPlace place={complaint.place} />}
      {complaint.fields.length > 0 && (
        <ul class="fault-fields">
          {complaint.fields.map((field) => (
            <li key={field}>{field}</li>
          ))}
        </ul>
      )}
      {complaint.remedy !== "" && (
        <p class="problem-remedy" data-testid="remedy">
          <Icon name="arrow" />
          <span>{withCode(complaint.remedy)}</span>
        </p>
      )}
    </div>
  );
}

function FaultPlace({ place }: { place: Place }): JSX.Element {
  const characters = Array.from(place.text);
  const before = characters.slice(0, place.column - 1).join("");
  const at = characters[place.column - 1] ?? " ";
  const after = characters.slice(place.column).join("");
  return (
    <div class="fault-place">
      <p class="small">
        Line {place.line}, column {place.column}
        {place.expected !== "" && <>: expected {withCode(place.expected)}</>}
      </p>
      <pre class="fault-line">
        {before}
        <mark>{at}</mark>
        {after}
      </pre>
    </div>
  );
}
