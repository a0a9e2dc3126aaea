// Shows one error: what happened, and the one thing a person can do about it.

import type { JSX } from "preact";
import { Icon } from "./icon";
import { withCode } from "./prose";

/** What is to be shown; an ErrorInfo and a TaskCause both are that. */
export interface Shown {
  readonly message: string;
  readonly remedy: string;
  readonly correlationId?: string;
}

/** An error with its remedy. `quiet` keeps a screen reader from reading it at once, where something else tells it. */
export function Problem({ error, quiet = false }: { error: Shown; quiet?: boolean }): JSX.Element {
  return (
    <div class="problem" role={quiet ? undefined : "alert"}>
      <p class="problem-message">{withCode(error.message)}</p>
      {error.remedy !== "" && (
        <p class="problem-remedy" data-testid="remedy">
          <Icon name="arrow" />
          <span>{withCode(error.remedy)}</span>
        </p>
      )}
      {error.correlationId ? <p class="problem-reference">Reference {error.correlationId}</p> : null}
    </div>
  );
}
