// Why an element is a candidate for a state.

/** Why an element is a candidate for the state. */
export enum Kind {
  /** Operated by a person: its role says so. */
  Control,
  /** Clickable by handler, tabindex or cursor although its role does not say so. */
  Clickable,
  Heading,
  /** Text that is no part of a control. */
  Text,
  Image,
  Media,
  Canvas,
  Frame,
  Dialog,
  Form,
  /** Shows only a part of what is in it. */
  Scroller,
}
