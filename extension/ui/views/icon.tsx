// The panel's few pictograms, drawn in line so that nothing is fetched. They are decoration: the words beside them, or
// the label of the button around them, say what is meant.

import type { JSX } from "preact";

/** What can be drawn; every path is on a 16 by 16 grid. */
const PATHS = {
  plus: "M8 3.25v9.5M3.25 8h9.5",
  history: "M2.5 8a5.5 5.5 0 1 0 1.7-4M2.4 2.6v2.6H5M8 5v3.2l2.1 1.3",
  back: "M9.75 3.5 5.25 8l4.5 4.5",
  send: "M8 13V3.5M3.75 7.5 8 3.25l4.25 4.25",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  resume: "M5 3.25v9.5L12.5 8z",
  stop: "M4 4h8v8H4z",
  again: "M13.5 8a5.5 5.5 0 1 1-1.7-4M13.6 2.6v2.6H11",
  edit: "M10.5 3 13 5.5 5.5 13H3v-2.5z",
  copy: "M5.5 5.5V3h7.5v7.5h-2.5M3 5.5h7.5V13H3z",
  check: "m3.5 8.5 3 3 6-7",
  cross: "m4 4 8 8M12 4l-8 8",
  minus: "M4 8h8",
  chevron: "m4 6 4 4 4-4",
  page: "M4 2h5.5L12 4.5V14H4zM9.5 2v2.5H12",
  quote: "M3 4h10M3 8h10M3 12h6",
  target: "M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3M8 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8",
  arrow: "M3 8h9.5M8.75 4.25 12.5 8l-3.75 3.75",
  question: "M5.75 6a2.25 2.25 0 1 1 3.3 2c-.7.4-1.05.8-1.05 1.5M8 12.2v.1",
  alert: "M8 4v4.75M8 11.9v.1",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.4 10.4 13.5 13.5",
  plug: "M6 2v3M10 2v3M4 5h8v2.5a4 4 0 0 1-8 0zM8 11.5V14",
} as const;

/** The name of a pictogram. */
export type IconName = keyof typeof PATHS;

/** Draws a pictogram in the colour of the text around it. */
export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The sign of Tabwire: two tabs on one wire. */
export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path class="logo-wire" d="M6 9v5.5a3 3 0 0 0 3 3h6a3 3 0 0 0 3-3V9" />
      <rect x="2.5" y="4" width="7" height="5.5" rx="1.6" />
      <rect x="14.5" y="4" width="7" height="5.5" rx="1.6" />
      <circle cx="12" cy="17.5" r="2.4" />
    </svg>
  );
}
