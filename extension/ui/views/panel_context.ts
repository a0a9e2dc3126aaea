// Hands the panel's stores down to the views.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Panel } from "../stores/panel";

/** Where the views find the panel. */
export const PanelContext = createContext<Panel | undefined>(undefined);

/** The panel's stores. Only inside of App. */
export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (panel === undefined) throw new Error("usePanel is called outside of App");
  return panel;
}
