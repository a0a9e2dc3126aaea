// Shows what a task will be told about where the person is, piece by piece; each piece can be taken out.

import type { JSX } from "preact";
import { elementWords } from "../model/context";
import { clip, hostOf } from "../model/words";
import { Icon, type IconName } from "./icon";
import { usePanel } from "./panel_context";

/** The chips above the text. */
export function ContextChips(): JSX.Element {
  const { context } = usePanel();
  const current = context.current.value;
  if (current === undefined) {
    const known = context.live.value ?? context.draft.value;
    return (
      <div class="chips" data-testid="context">
        <span class="muted small">Nothing about your page is sent.</span>
        {known !== undefined && (
          <button type="button" class="link-button" onClick={() => context.restorePage()}>
            Send the page
          </button>
        )}
      </div>
    );
  }
  if (current.url === "" && current.activeTabId === 0) {
    return (
      <p class="chips muted small" data-testid="context">
        The task opens a tab of its own.
      </p>
    );
  }
  const host = current.url === "" ? "" : hostOf(current.url);
  const title = clip(current.pageTitle, 60) || host || "This tab";
  return (
    <ul class="chips" aria-label="Sent with the task" data-testid="context">
      <Chip
        icon="page"
        kind="page"
        label={title}
        more={host === title ? "" : host}
        title={current.url}
        onRemove={() => context.withholdPage()}
      />
      {current.selectedText !== "" && (
        <Chip
          icon="quote"
          kind="selection"
          label={`“${clip(current.selectedText, 60)}”`}
          more=""
          title={clip(current.selectedText, 600)}
          onRemove={() => void context.withholdSelection()}
        />
      )}
      {current.targetedElement !== undefined && (
        <Chip
          icon="target"
          kind="element"
          label={elementWords(current.targetedElement)}
          more=""
          title="The element you clicked"
          onRemove={() => void context.withholdElement()}
        />
      )}
    </ul>
  );
}

interface ChipProps {
  readonly icon: IconName;
  readonly kind: "page" | "selection" | "element";
  readonly label: string;
  readonly more: string;
  readonly title: string;
  readonly onRemove: () => void;
}

function Chip({ icon, kind, label, more, title, onRemove }: ChipProps): JSX.Element {
  return (
    <li class="chip" data-testid={`chip-${kind}`} title={title}>
      <Icon name={icon} />
      <span class="chip-label">{label}</span>
      {more !== "" && <span class="chip-more">{more}</span>}
      <button type="button" class="chip-remove" aria-label={`Do not send the ${kind}: ${label}`} onClick={onRemove}>
        <Icon name="cross" />
      </button>
    </li>
  );
}
