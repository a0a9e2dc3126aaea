// Shoelace: web components whose controls lie in shadow roots.

import "@shoelace-style/shoelace/dist/themes/light.css";
import "@shoelace-style/shoelace/dist/components/button/button.js";
import "@shoelace-style/shoelace/dist/components/checkbox/checkbox.js";
import "@shoelace-style/shoelace/dist/components/dialog/dialog.js";
import "@shoelace-style/shoelace/dist/components/dropdown/dropdown.js";
import "@shoelace-style/shoelace/dist/components/input/input.js";
import "@shoelace-style/shoelace/dist/components/menu/menu.js";
import "@shoelace-style/shoelace/dist/components/menu-item/menu-item.js";
import "@shoelace-style/shoelace/dist/components/option/option.js";
import "@shoelace-style/shoelace/dist/components/radio/radio.js";
import "@shoelace-style/shoelace/dist/components/radio-group/radio-group.js";
import "@shoelace-style/shoelace/dist/components/range/range.js";
import "@shoelace-style/shoelace/dist/components/select/select.js";
import "@shoelace-style/shoelace/dist/components/switch/switch.js";
import "@shoelace-style/shoelace/dist/components/tab/tab.js";
import "@shoelace-style/shoelace/dist/components/tab-group/tab-group.js";
import "@shoelace-style/shoelace/dist/components/tab-panel/tab-panel.js";
import "@shoelace-style/shoelace/dist/components/textarea/textarea.js";
import "@shoelace-style/shoelace/dist/components/tooltip/tooltip.js";
import { offer } from "../page.js";

document.querySelector("#root").innerHTML = `
  <sl-button id="save">Save</sl-button>
  <sl-input id="name" label="Name"></sl-input>
  <sl-textarea id="notes" label="Notes"></sl-textarea>
  <sl-select id="city" label="City">
    <sl-option value="bern">Bern</sl-option><sl-option value="graz">Graz</sl-option><sl-option value="ulm">Ulm</sl-option>
  </sl-select>
  <sl-checkbox id="news">Newsletter</sl-checkbox>
  <sl-switch id="wifi">Wi-Fi</sl-switch>
  <sl-radio-group id="pay" label="Payment">
    <sl-radio value="card">Card</sl-radio><sl-radio value="cash">Cash</sl-radio>
  </sl-radio-group>
  <sl-range id="level" label="Level" min="0" max="100" value="10"></sl-range>
  <sl-dropdown id="menu">
    <sl-button slot="trigger" caret>Options</sl-button>
    <sl-menu><sl-menu-item value="cut">Cut</sl-menu-item><sl-menu-item value="move">Move</sl-menu-item></sl-menu>
  </sl-dropdown>
  <sl-button id="open">Open dialog</sl-button>
  <sl-dialog id="dialog" label="Question">
    Sure? <sl-button slot="footer" id="yes">Yes</sl-button>
  </sl-dialog>
  <sl-tooltip id="tip" content="What this is for"><sl-button>About</sl-button></sl-tooltip>
  <sl-tab-group id="tabs">
    <sl-tab slot="nav" panel="one">One</sl-tab><sl-tab slot="nav" panel="two">Two</sl-tab>
    <sl-tab-panel name="one">Panel one</sl-tab-panel><sl-tab-panel name="two">Panel two</sl-tab-panel>
  </sl-tab-group>`;

const at = (id) => document.querySelector(`#${id}`);
const heard = { saved: 0, yes: 0, menu: [], events: [] };
at("save").addEventListener("click", () => heard.saved++);
at("open").addEventListener("click", () => at("dialog").show());
at("yes").addEventListener("click", () => {
  heard.yes++;
  at("dialog").hide();
});
at("menu").addEventListener("sl-select", (event) => heard.menu.push(event.detail.item.value));
for (const type of ["sl-input", "sl-change"]) {
  document.addEventListener(type, (event) => heard.events.push(`${event.target.id} ${type}`));
}

await Promise.all(
  [...new Set([...document.querySelectorAll(":not(:defined)")].map((element) => element.localName))].map((name) =>
    customElements.whenDefined(name),
  ),
);
await Promise.all([...document.querySelectorAll("*")].map((element) => element.updateComplete));

offer({
  truth: () => ({
    ...heard,
    name: at("name").value,
    notes: at("notes").value,
    city: at("city").value,
    news: at("news").checked,
    wifi: at("wifi").checked,
    pay: at("pay").value,
    level: at("level").value,
    dialog: at("dialog").open,
    dropdown: at("menu").open,
    tip: at("tip").open,
    tab: document.querySelector("sl-tab[active]").panel,
  }),
});
