// The frame of the panel: header, connection, and the screen that fits.

import { ConnectionPhase } from "@gen/tabwire/v1/extension_pb";
import type { JSX } from "preact";
import type { Panel } from "../stores/panel";
import { ComposeScreen } from "./compose_screen";
import { ConnectionBar } from "./connection_bar";
import { Header } from "./header";
import { HistoryScreen } from "./history_screen";
import { LiveRegion } from "./live_region";
import { PairingView } from "./pairing_view";
import { PanelContext } from "./panel_context";
import { TaskScreen } from "./task_screen";

/** The whole panel. */
export function App({ panel }: { panel: Panel }): JSX.Element {
  return (
    <PanelContext.Provider value={panel}>
      <Header />
      <ConnectionBar />
      <main class="main">
        <Main panel={panel} />
      </main>
      <LiveRegion />
    </PanelContext.Provider>
  );
}

function Main({ panel }: { panel: Panel }): JSX.Element | null {
  if (panel.connection.phase.value === ConnectionPhase.UNSPECIFIED) return null;
  if (panel.connection.needsPairing.value) return <PairingView />;
  switch (panel.screen.value) {
    case "task":
      return <TaskScreen />;
    case "history":
      return <HistoryScreen />;
    default:
      return <ComposeScreen />;
  }
}
