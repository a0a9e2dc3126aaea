// What a person sees without an open task: an invitation, what can be written, the tasks that run or ran last.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Composer } from "./composer";
import { HistoryItem } from "./history_item";
import { usePanel } from "./panel_context";

/** Tasks shown below the invitation. */
const RECENT = 3;

const COMMANDS: readonly string[] = [
  'click "Add to cart"',
  'type "stapler" into "Search" then press Enter',
  'wait for "Results" then read "Total"',
  "open https://example.com",
];

const WISHES: readonly string[] = [
  "Summarise this page in five sentences",
  "Find the cheapest one and put it in the cart",
  "Fill in this form with my answers and ask me what you do not know",
];

/** The first screen. */
export function ComposeScreen(): JSX.Element {
  const { connection, history } = usePanel();
  useEffect(() => history.follow(), [history]);
  const commandsOnly = connection.status.value?.modelConfigured === false;
  const running = history.running.value;
  const recent = history.tasks.value.filter((task) => !running.includes(task)).slice(0, RECENT);
  return (
    <>
      <div class="scroll">
        <section class="welcome">
          <h2>What should be done?</h2>
          {commandsOnly ? (
            <CommandHint />
          ) : (
            <p class="muted">Say it in your own words. Tabwire works in your tab while you watch.</p>
          )}
          <Suggestions texts={commandsOnly ? COMMANDS : WISHES} />
        </section>
        {running.length > 0 && (
          <section class="list-section" aria-label="Unfinished tasks">
            <h3>Unfinished</h3>
            <ul class="list">
              {running.map((task) => (
                <HistoryItem key={task.taskId} task={task} />
              ))}
            </ul>
          </section>
        )}
        {recent.length > 0 && (
          <section class="list-section" aria-label="Recent tasks">
            <h3>Recent</h3>
            <ul class="list">
              {recent.map((task) => (
                <HistoryItem key={task.taskId} task={task} />
              ))}
            </ul>
          </section>
        )}
      </div>
      <div class="dock">
        <Composer />
      </div>
    </>
  );
}

function CommandHint(): JSX.Element {
  return (
    <p class="muted" data-testid="command-hint">
      The server has no model, so it understands plain commands. Join them by <code>then</code> or write one on each
      line. Set <code>TABWIRE_MODEL</code> at the server to use your own words.
    </p>
  );
}

function Suggestions({ texts }: { texts: readonly string[] }): JSX.Element {
  const { composer } = usePanel();
  return (
    <ul class="suggestions" aria-label="Examples">
      {texts.map((text) => (
        <li key={text}>
          <button type="button" class="suggestion" data-testid="suggestion" onClick={() => composer.suggest(text)}>
            {text}
          </button>
        </li>
      ))}
    </ul>
  );
}
