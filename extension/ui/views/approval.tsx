// Asks for leave to do one exact action. What is approved is that action on that element and nothing else: the answer
// names the digest of what was shown (HumanRequest.action_digest).

import type { HumanRequest } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { consequenceWord, shortAddress } from "../model/words";
import { usePanel } from "./panel_context";

/** Where it is to be done and what it may lead to, and the two buttons. What it is, is the question above. */
export function Approval({ request }: { request: HumanRequest }): JSX.Element {
  const { task } = usePanel();
  const [reason, setReason] = useState("");
  const answer = (approve: boolean): void => {
    const { requestId, actionDigest } = request;
    void task.answer({ requestId, approve, actionDigest, answer: approve ? "" : reason.trim() });
  };
  const leadsTo = request.consequences.map(consequenceWord).filter((word) => word !== "");
  return (
    <>
      <dl class="approval" data-testid="approval-facts">
        {request.url !== "" && (
          <>
            <dt>Page</dt>
            <dd title={request.url}>{shortAddress(request.url)}</dd>
          </>
        )}
        {leadsTo.length > 0 && (
          <>
            <dt>It may</dt>
            <dd>{leadsTo.join(", ")}</dd>
          </>
        )}
      </dl>
      <div class="options options-beside">
        <Verdict id="approve" words="Approve" run={() => answer(true)} />
        <Verdict id="deny" words="Deny" run={() => answer(false)} />
      </div>
      <input
        class="text-input"
        data-testid="deny-reason"
        aria-label="Why not, for the agent"
        placeholder="Why not (may be left empty)"
        maxLength={2000}
        value={reason}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
    </>
  );
}

function Verdict({ id, words, run }: { id: string; words: string; run: () => void }): JSX.Element {
  const { task } = usePanel();
  const busy = task.busy.value !== undefined;
  return (
    <button
      type="button"
      class={id === "approve" ? "primary" : "secondary"}
      data-testid={id}
      aria-disabled={busy}
      onClick={() => {
        if (!busy) run();
      }}
    >
      {words}
    </button>
  );
}
