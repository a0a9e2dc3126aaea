// A word to the running agent, which takes it up at its next step, or at once.

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { Icon } from "./icon";
import { usePanel } from "./panel_context";

/** The line to write it in. */
export function Steer(): JSX.Element {
  const { task } = usePanel();
  const id = useId();
  const [text, setText] = useState("");
  const [interrupt, setInterrupt] = useState(false);
  const busy = task.busy.value !== undefined;
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy || text.trim() === "") return;
    if (!(await task.steer(text.trim(), interrupt))) return;
    setText("");
    setInterrupt(false);
  };
  return (
    <form class="steer" onSubmit={(event) => void send(event)}>
      <div class="composer-box">
        <label class="unseen" for={id}>
          Tell the agent something
        </label>
        <textarea
          id={id}
          class="composer-text"
          data-testid="steer-input"
          rows={1}
          maxLength={20_000}
          placeholder="Tell it something…"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) void send(event);
          }}
        />
        <button
          type="submit"
          class="primary send"
          data-testid="steer-send"
          aria-label="Tell it"
          aria-disabled={busy || text.trim() === ""}
        >
          <Icon name="send" />
        </button>
      </div>
      {text.trim() !== "" && (
        <label class="small steer-now">
          <input
            type="checkbox"
            data-testid="steer-now"
            checked={interrupt}
            onChange={(event) => setInterrupt(event.currentTarget.checked)}
          />
          Break off what it is doing
        </label>
      )}
    </form>
  );
}
