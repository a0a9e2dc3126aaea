// flatpickr: dates chosen in a calendar that floats at the end of the body.

import flatpickr from "flatpickr";
import "flatpickr/dist/flatpickr.css";
import { add, offer } from "../page.js";

function picker(label, options) {
  const row = add("p");
  row.innerHTML = `<label>${label} <input></label>`;
  return flatpickr(row.querySelector("input"), options);
}

const march = new Date(2026, 2, 1);
const day = picker("Day", { defaultDate: march });
const typed = picker("Typed day", { allowInput: true, defaultDate: march });
const range = picker("Stay", { mode: "range", defaultDate: [march, new Date(2026, 2, 2)] });
const time = picker("Hour", {
  enableTime: true,
  noCalendar: true,
  dateFormat: "H:i",
  time_24hr: true,
  allowInput: true,
});

const told = (it) => it.selectedDates.map((date) => it.formatDate(date, it === time ? "H:i" : "Y-m-d"));
offer({ truth: () => ({ day: told(day), typed: told(typed), range: told(range), time: told(time) }) });
