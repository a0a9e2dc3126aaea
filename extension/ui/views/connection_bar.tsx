// The state of the connection in one line, its trouble with the remedy, and the facts behind a button.

import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { Scope } from "@gen/tabwire/v1/auth_pb";
import { ConnectionPhase, type ConnectionStatus, ConnectionTrouble } from "@gen/tabwire/v1/extension_pb";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { now } from "../stores/clock";
import { Icon } from "./icon";
import { usePanel } from "./panel_context";
import { Problem } from "./problem";

const PHASE_WORDS: Readonly<Record<number, string>> = {
  [ConnectionPhase.UNPAIRED]: "Not paired yet",
  [ConnectionPhase.CONNECTING]: "Connecting…",
  [ConnectionPhase.CONNECTED]: "Connected",
  [ConnectionPhase.WAITING]: "Not connected",
  [ConnectionPhase.FAILED]: "Cannot connect",
};

/** The connection bar. */
export function ConnectionBar(): JSX.Element {
  const { connection } = usePanel();
  const [open, setOpen] = useState(false);
  const status = connection.status.value;
  const phase = connection.phase.value;
  const paired = connection.paired.value;
  const problem = connection.problem.value ?? status?.errorInfo;
  // What stands in the way of pairing is shown where a person pairs.
  const problemIsHere = phase !== ConnectionPhase.CONNECTED && phase !== ConnectionPhase.UNPAIRED;
  return (
    <section
      class="connection"
      aria-label="Connection"
      data-testid="connection"
      data-phase={ConnectionPhase[phase]?.toLowerCase()}
      data-trouble={ConnectionTrouble[status?.trouble ?? 0]?.toLowerCase()}
    >
      <div class="connection-line">
        <span class="dot" aria-hidden="true" />
        <span class="connection-state" role="status">
          {PHASE_WORDS[phase] ?? "Starting…"}
        </span>
        {paired && status !== undefined && (
          <button
            type="button"
            class="link-button connection-more"
            aria-expanded={open}
            aria-controls="connection-facts"
            onClick={() => setOpen(!open)}
          >
            {hostAndPort(status.serverUrl)}
            <Icon name="chevron" />
          </button>
        )}
      </div>
      {problem !== undefined && problemIsHere && <Trouble />}
      {open && paired && status !== undefined && <Facts status={status} />}
    </section>
  );
}

function Trouble(): JSX.Element {
  const { connection } = usePanel();
  const status = connection.status.value;
  const problem = connection.problem.value ?? status?.errorInfo;
  const canRetry = !connection.needsPairing.value;
  return (
    <div class="connection-trouble">
      {problem !== undefined && <Problem error={problem} />}
      {canRetry && (
        <div class="row">
          <button
            type="button"
            class="secondary"
            data-testid="try-now"
            disabled={connection.busy.value}
            onClick={() => connection.retry()}
          >
            <Icon name="again" />
            {connection.busy.value ? "Trying…" : "Try now"}
          </button>
          {status?.phase === ConnectionPhase.WAITING && <NextTry status={status} />}
        </div>
      )}
    </div>
  );
}

function NextTry({ status }: { status: ConnectionStatus }): JSX.Element | null {
  if (status.nextTryAt === undefined) return null;
  const seconds = Math.ceil((timestampMs(status.nextTryAt) - now.value) / 1000);
  // A countdown is not for a screen reader: it would read every second.
  return (
    <span class="muted" aria-hidden="true">
      {seconds > 0 ? `Next try in ${seconds} s` : "Trying…"}
    </span>
  );
}

function Facts({ status }: { status: ConnectionStatus }): JSX.Element {
  const { connection, identity } = usePanel();
  // Asked anew whenever the person looks, and when the connection has changed meanwhile.
  useEffect(() => void identity.refresh(), [identity, status.phase]);
  const told = identity.told.value;
  return (
    <div class="facts" id="connection-facts">
      <dl>
        <Fact name="Server" value={status.serverUrl} />
        <Fact name="Version" value={status.serverVersion} />
        <Fact name="Protocol" value={status.revision === 0 ? "" : `revision ${status.revision}`} />
        <Fact name="Model" value={status.modelConfigured ? "set up" : "none, plain commands only"} />
        <Fact name="Browser" value={status.browserId} />
        {told !== undefined && (
          <>
            <Fact name="Paired since" value={day(told.pairedAt)} />
            <Fact name="Paired until" value={day(told.pairingExpiresAt)} note="later if it is used before" />
            <Fact name="May" value={told.scopes.map(scopeWords).filter(Boolean).join(", ")} />
          </>
        )}
      </dl>
      {identity.problem.value !== undefined && <Problem error={identity.problem.value} quiet />}
      <button
        type="button"
        class="secondary"
        data-testid="unpair"
        disabled={connection.busy.value}
        onClick={() => connection.unpair()}
      >
        <Icon name="plug" />
        {connection.busy.value ? "Unpairing…" : "Unpair"}
      </button>
    </div>
  );
}

interface FactProps {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
}

function Fact({ name, value, note }: FactProps): JSX.Element | null {
  if (value === "") return null;
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{note === undefined ? value : `${value}, ${note}`}</dd>
    </div>
  );
}

function day(time: Timestamp | undefined): string {
  return time === undefined ? "" : new Date(timestampMs(time)).toLocaleDateString(undefined, { dateStyle: "medium" });
}

const SCOPE_WORDS: Readonly<Record<number, string>> = {
  [Scope.BROWSER]: "be a browser of yours",
  [Scope.TASKS]: "give and steer tasks",
  [Scope.READ]: "read tasks and pages",
  [Scope.ADMIN]: "make tokens",
};

/** What a scope allows. One of a newer server has no words here. */
function scopeWords(scope: Scope): string {
  return SCOPE_WORDS[scope] ?? "";
}

function hostAndPort(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
