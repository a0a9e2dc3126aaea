// Brings the browser and a server together: one button if `tabwire up` runs on this computer, else address and code.

import { ConnectionPhase } from "@gen/tabwire/v1/extension_pb";
import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { usePanel } from "./panel_context";
import { Problem } from "./problem";

/** What a person sees before anything else. */
export function PairingView(): JSX.Element {
  const { pairing, connection } = usePanel();
  const [byHand, setByHand] = useState(false);
  useEffect(() => pairing.follow(), [pairing]);
  const offer = pairing.offer.value;
  const unpaired = connection.phase.value === ConnectionPhase.UNPAIRED;
  const problem = pairing.problem.value ?? (unpaired ? connection.status.value?.errorInfo : undefined);
  return (
    <div class="pairing">
      <h2>Connect this browser</h2>
      <p class="muted">
        Tabwire works in your own Chrome, on your word. The thinking is done by a server that you run yourself.
      </p>
      {problem !== undefined && <Problem error={problem} />}
      {offer !== undefined && <Offer serverUrl={offer.serverUrl} />}
      {offer !== undefined && !byHand ? (
        <button type="button" class="link-button" data-testid="other-server" onClick={() => setByHand(true)}>
          Connect to another server
        </button>
      ) : (
        <PairingForm />
      )}
    </div>
  );
}

function Offer({ serverUrl }: { serverUrl: string }): JSX.Element {
  const { pairing } = usePanel();
  return (
    <div class="offer">
      <button
        type="button"
        class="primary wide"
        data-testid="offer-button"
        disabled={pairing.busy.value}
        onClick={() => pairing.accept()}
      >
        {pairing.busy.value ? "Connecting…" : "Connect to Tabwire on this computer"}
      </button>
      <p class="muted small">It runs at {serverUrl}.</p>
    </div>
  );
}

function PairingForm(): JSX.Element {
  const { pairing } = usePanel();
  const id = useId();
  const submit = (event: Event): void => {
    event.preventDefault();
    void pairing.submit();
  };
  return (
    <form class="form" noValidate onSubmit={submit}>
      <Field
        id={`${id}-url`}
        label="Server address"
        testId="pair-url"
        kind="url"
        value={pairing.serverUrl.value}
        fault={pairing.urlFault.value}
        onInput={(value) => {
          pairing.serverUrl.value = value;
        }}
      />
      <Field
        id={`${id}-code`}
        label="One-time code"
        testId="pair-code"
        kind="text"
        value={pairing.code.value}
        fault={pairing.codeFault.value}
        onInput={(value) => {
          pairing.code.value = value;
        }}
      />
      <p class="muted small">
        Run <code>tabwire pair</code> on the server's computer to get a code.
      </p>
      <button type="submit" class="primary wide" data-testid="pair-button" disabled={pairing.busy.value}>
        {pairing.busy.value ? "Pairing…" : "Pair"}
      </button>
    </form>
  );
}

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly testId: string;
  readonly kind: "url" | "text";
  readonly value: string;
  readonly fault: string;
  readonly onInput: (value: string) => void;
}

function Field({ id, label, testId, kind, value, fault, onInput }: FieldProps): JSX.Element {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode={kind}
        class="input"
        data-testid={testId}
        value={value}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={fault !== ""}
        aria-describedby={fault === "" ? undefined : `${id}-fault`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {fault !== "" && (
        <p class="fault" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
