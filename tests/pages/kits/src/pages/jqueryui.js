// jQuery UI: widgets of an older school, which listen to mouse events and plug-ins of the document.

import "../jquery_global.js";
import "jquery-ui/dist/jquery-ui.js";
import "jquery-ui/dist/themes/base/jquery-ui.css";
import { offer } from "../page.js";
import "../kits.css";

const $ = window.jQuery;
document.querySelector("#root").innerHTML = `
  <section>
    <label>Arrival <input id="date"></label>
    <label>Amount <input id="spinner" value="3"></label>
    <label>Language <input id="auto"></label>
    <label id="colour-label">Colour <select id="colour"><option>Red</option><option>Green</option><option>Blue</option></select></label>
  </section>
  <div id="slider" style="width: 300px; margin: 20px"></div>
  <div id="tabs"><ul><li><a href="#t1">Alpha</a></li><li><a href="#t2">Beta</a></li></ul><div id="t1">A</div><div id="t2">B</div></div>
  <div id="accordion"><h3>Part one</h3><div>1</div><h3>Part two</h3><div>2</div></div>
  <section>
    <ul id="sortable" class="list"><li>Item 1</li><li>Item 2</li><li>Item 3</li></ul>
    <div id="drag" style="width: 90px; height: 40px; background: #cde; cursor: move">Drag me</div>
    <div id="drop" class="box">Drop here</div>
  </section>
  <button id="open">Open window</button>
  <div id="dialog" title="Window">Text <button id="ok">OK</button></div>
  <span id="hint" title="A hint" tabindex="0" role="button">Hint</span>`;

const state = { dropped: 0, ok: 0, hint: false, chosen: null };
$("#date").datepicker({ dateFormat: "yy-mm-dd", changeMonth: true, changeYear: true });
$("#spinner").spinner({ min: 0, max: 20 });
$("#auto").autocomplete({
  source: ["ActionScript", "Java", "JavaScript", "Perl", "PHP", "Python", "Ruby", "Scala", "Scheme"],
  select: (_, ui) => {
    state.chosen = ui.item.value;
  },
});
$("#colour").selectmenu();
$("#slider").slider({ value: 20 }).find(".ui-slider-handle").attr({ role: "slider", "aria-label": "Brightness" });
$("#tabs").tabs();
$("#accordion").accordion();
$("#sortable").sortable();
$("#drag").draggable();
$("#drop").droppable({
  drop: () => {
    state.dropped++;
  },
});
$("#dialog").dialog({ autoOpen: false, modal: true });
$("#open").on("click", () => $("#dialog").dialog("open"));
$("#ok").on("click", () => {
  state.ok++;
  $("#dialog").dialog("close");
});
$(document).tooltip({
  items: "#hint",
  open: () => {
    state.hint = true;
  },
});

offer({
  truth: () => {
    const date = $("#date").datepicker("getDate");
    return {
      ...state,
      date: date === null ? "" : $.datepicker.formatDate("yy-mm-dd", date),
      spinner: $("#spinner").spinner("value"),
      colour: $("#colour").val(),
      slider: $("#slider").slider("value"),
      tab: $("#tabs").tabs("option", "active"),
      part: $("#accordion").accordion("option", "active"),
      order: $("#sortable")
        .children(":not(.ui-sortable-placeholder)")
        .map((_, item) => item.textContent)
        .get(),
      dialog: $("#dialog").dialog("isOpen"),
      moved: $("#drag").position(),
    };
  },
});
