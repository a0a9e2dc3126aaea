// The top of the panel: its name, a new task, the history.

import type { JSX } from "preact";
import { Icon, Logo } from "./icon";
import { usePanel } from "./panel_context";

/** The header. Before pairing there is nothing to go to. */
export function Header(): JSX.Element {
  const panel = usePanel();
  const inHistory = panel.screen.value === "history";
  return (
    <header class="header">
      <h1 class="brand">
        <Logo />
        <span class="brand-name">Tabwire</span>
      </h1>
      {panel.connection.paired.value && !panel.connection.needsPairing.value && (
        <nav class="header-actions" aria-label="Panel">
          <button
            type="button"
            class="ghost"
            data-testid="history"
            aria-pressed={inHistory}
            onClick={() => (inHistory ? panel.leaveHistory() : panel.showHistory())}
          >
            <Icon name="history" />
            History
          </button>
          <button type="button" class="ghost" data-testid="new-task" onClick={() => panel.compose()}>
            <Icon name="plus" />
            New task
          </button>
        </nav>
      )}
    </header>
  );
}
