// Names of keys and chords, as `Enter`, `Control+a` or `Shift+Tab`, and what keyboard events carry for them.

import { invalidArgument } from "../errors";

/** A key with its modifiers. */
export interface Key {
  /** `KeyboardEvent.key`. */
  readonly key: string;
  /** `KeyboardEvent.code`. */
  readonly code: string;
  /** The old number that many pages still read. */
  readonly keyCode: number;
  /** The character it types; empty for keys that type none. */
  readonly text: string;
  readonly control: boolean;
  readonly shift: boolean;
  readonly alt: boolean;
  readonly meta: boolean;
}

/** Keys that type nothing: name to old number. */
const NAMED: Readonly<Record<string, number>> = {
  Alt: 18,
  ArrowDown: 40,
  ArrowLeft: 37,
  ArrowRight: 39,
  ArrowUp: 38,
  Backspace: 8,
  CapsLock: 20,
  ContextMenu: 93,
  Control: 17,
  Delete: 46,
  End: 35,
  Enter: 13,
  Escape: 27,
  Home: 36,
  Insert: 45,
  Meta: 91,
  PageDown: 34,
  PageUp: 33,
  Pause: 19,
  Shift: 16,
  Tab: 9,
};

const ALIASES: Readonly<Record<string, string>> = {
  cmd: "Meta",
  command: "Meta",
  ctrl: "Control",
  del: "Delete",
  down: "ArrowDown",
  esc: "Escape",
  left: "ArrowLeft",
  option: "Alt",
  plus: "+",
  return: "Enter",
  right: "ArrowRight",
  space: " ",
  spacebar: " ",
  super: "Meta",
  up: "ArrowUp",
};

/** The key in a US layout that types a sign, and its old number. */
const SIGNS: Readonly<Record<string, readonly [string, number]>> = {
  " ": ["Space", 32],
  "-": ["Minus", 189],
  _: ["Minus", 189],
  "=": ["Equal", 187],
  "+": ["Equal", 187],
  "[": ["BracketLeft", 219],
  "{": ["BracketLeft", 219],
  "]": ["BracketRight", 221],
  "}": ["BracketRight", 221],
  "\\": ["Backslash", 220],
  "|": ["Backslash", 220],
  ";": ["Semicolon", 186],
  ":": ["Semicolon", 186],
  "'": ["Quote", 222],
  '"': ["Quote", 222],
  ",": ["Comma", 188],
  "<": ["Comma", 188],
  ".": ["Period", 190],
  ">": ["Period", 190],
  "/": ["Slash", 191],
  "?": ["Slash", 191],
  "`": ["Backquote", 192],
  "~": ["Backquote", 192],
};

const SHIFTED_DIGITS = ")!@#$%^&*(";

/** The name of a key that is written in lower case, or called otherwise. */
function known(lower: string): string | undefined {
  return ALIASES[lower] ?? Object.keys(NAMED).find((name) => name.toLowerCase() === lower);
}

function base(name: string): Pick<Key, "key" | "code" | "keyCode" | "text"> | null {
  const key = known(name.toLowerCase()) ?? name;
  const number = NAMED[key];
  if (number !== undefined) return { key, code: MODIFIERS.has(key) ? `${key}Left` : key, keyCode: number, text: "" };
  const function_ = /^f(\d{1,2})$/i.exec(key);
  if (function_ !== null && Number(function_[1]) >= 1 && Number(function_[1]) <= 24) {
    const at = Number(function_[1]);
    return { key: `F${at}`, code: `F${at}`, keyCode: 111 + at, text: "" };
  }
  if (Array.from(key).length !== 1) return null;
  return { key, ...place(key), text: key };
}

function place(sign: string): Pick<Key, "code" | "keyCode"> {
  if (/^[a-z]$/i.test(sign)) return { code: `Key${sign.toUpperCase()}`, keyCode: sign.toUpperCase().charCodeAt(0) };
  if (/^\d$/.test(sign)) return { code: `Digit${sign}`, keyCode: sign.charCodeAt(0) };
  const digit = SHIFTED_DIGITS.indexOf(sign);
  if (digit >= 0) return { code: `Digit${digit}`, keyCode: 48 + digit };
  const [code, keyCode] = SIGNS[sign] ?? ["", 0];
  return { code, keyCode };
}

const MODIFIERS = new Set(["Alt", "Control", "Meta", "Shift"]);

/** Splits a chord at its plus signs; a plus at the end is the key itself. */
function split(chord: string): string[] {
  if (chord === "+") return ["+"];
  if (chord.endsWith("++")) return [...chord.slice(0, -2).split("+"), "+"];
  return chord.split("+");
}

/** Reads the name of a key or chord. Throws INVALID_ARGUMENT for what is none. */
export function parseKey(chord: string): Key {
  const parts = split(chord);
  const last = parts.pop() ?? "";
  const held = parts.map((part) => known(part.trim().toLowerCase()) ?? part);
  const found = base(last.length > 1 ? last.trim() : last);
  if (found === null || held.some((name) => !MODIFIERS.has(name))) {
    const rule = "names a key or a chord, as Enter, ArrowDown, a or Control+a";
    throw invalidArgument("keys", rule, `There is no key named ${JSON.stringify(chord)}.`);
  }
  const shift = held.includes("Shift");
  const letter = shift && /^[a-z]$/.test(found.text) ? found.text.toUpperCase() : found.text;
  return {
    ...found,
    key: found.text === "" ? found.key : letter,
    text: letter,
    control: held.includes("Control"),
    shift: shift || /^[A-Z]$/.test(found.text),
    alt: held.includes("Alt"),
    meta: held.includes("Meta"),
  };
}
