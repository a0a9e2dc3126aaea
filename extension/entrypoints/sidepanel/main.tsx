// The side panel's page: makes the panel of the real parts and shows it. All else is in ui/.

import { render } from "preact";
import { diagnose } from "../../link/diagnose";
import { createTransport } from "../../link/transport";
import { Panel } from "../../ui/stores/panel";
import { App } from "../../ui/views/app";

const root = document.getElementById("app");
if (root === null) throw new Error("the page has no place for the panel");

const panel = new Panel(createTransport, diagnose);
render(<App panel={panel} />, root);
void panel.start();
