// What an action on an element leads to, as far as its labels, its form and its kind tell. Pure, and without a page. Labels
// are compared after what could disguise them is taken away. The twin of server/tabwire/policy/consequences.py, where more
// is said; both are held to tests/vectors/policy/consequences.json.

import { Consequence } from "@gen/tabwire/v1/policy_pb";
import words from "./words.json";

/** One field of a form. */
export interface Field {
  readonly type: string;
  readonly autocomplete: string;
  readonly labels: readonly string[];
}

/** What is known of an action and of its element. */
export interface Facts {
  /** The action's name, as in Action.kind of the contract. */
  readonly kind: string;
  /** Its effect class is MUTATE or COMMIT. */
  readonly changes: boolean;
  /** It presses what the labels name: a click, Enter or Space. */
  readonly activates: boolean;
  /** It sends the form that the fields belong to. */
  readonly submits: boolean;
  /** Pressing it leads to an address and does nothing else. */
  readonly isLink: boolean;
  /** That address, as the link has it; empty if it is not known, or if the page does something of its own besides. */
  readonly address: string;
  /** It is a link that downloads. */
  readonly downloads: boolean;
  readonly acceptsDialog: boolean;
  readonly labels: readonly string[];
  readonly fields: readonly Field[];
}

/** A label that is longer says other things, too. */
const MAX_LABEL = 160;
/** What leads to another page is no deed, unless it is named like one, shortly. */
const MAX_LINK_WORDS = 4;

const NAMES = [
  ["buy", Consequence.BUY],
  ["send", Consequence.SEND],
  ["delete", Consequence.DELETE],
  ["publish", Consequence.PUBLISH],
  ["credentials", Consequence.CREDENTIALS],
] as const;

const LOOKS = "авеікмнорстухјѕԁɡοαενικρτυχ";
const LATIN = "abeikmhopctyxjsdgoaevikptux";
const ALIKE = new Map(Array.from(LOOKS, (char, at) => [char, LATIN[at] ?? char]));
const OTHERS = new Map([
  ["ł", "l"],
  ["ø", "o"],
  ["đ", "d"],
  ["æ", "ae"],
]);
const UNSPACED = /[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;

/** What the action leads to. */
export function classify(facts: Facts): Set<Consequence> {
  const found = new Set<Consequence>();
  if (facts.changes) found.add(Consequence.ANY_CHANGE);
  if (facts.kind === "run_javascript") found.add(Consequence.JAVASCRIPT);
  if (facts.kind === "upload_files") found.add(Consequence.UPLOAD);
  if (facts.downloads && facts.activates) found.add(Consequence.DOWNLOAD);
  if (facts.acceptsDialog) found.add(Consequence.DIALOG);
  const mayRead = isPlain(facts);
  if (facts.activates) for (const label of facts.labels) addOfLabel(found, label, facts.isLink, mayRead);
  if (facts.submits) addOfForm(found, facts.fields);
  return found;
}

function addOfForm(found: Set<Consequence>, fields: readonly Field[]): void {
  const purposes = fields.map(purpose);
  if (purposes.includes("payment")) found.add(Consequence.BUY);
  const passwords = purposes.filter((one) => one === "password").length;
  if (purposes.includes("new_password") || passwords > 1) found.add(Consequence.CREDENTIALS);
  if (purposes.includes("message")) found.add(Consequence.SEND);
}

/** What a field is for: payment, new_password, password, message, or empty for anything else. */
export function purpose(field: Field): string {
  const told = field.autocomplete.toLowerCase().split(/\s+/);
  if (told.some((token) => token.startsWith("cc-"))) return "payment";
  if (told.includes("new-password")) return "new_password";
  if (field.type === "password") return "password";
  const { payment, message } = vocabulary().fields;
  const labels = field.labels.map(plain);
  if (labels.some((label) => has(label, payment, false))) return "payment";
  if (field.type === "textarea" && labels.some((label) => has(label, message, false))) return "message";
  return "";
}

/**
 * Whether a link's address is known, and no part of it says that following it does something: `/delete/12`. Parts are
 * compared whole: `/help/delete-account` is the name of a page.
 */
function isPlain({ isLink, address }: Facts): boolean {
  if (!isLink || address === "") return false;
  const { acting } = vocabulary().reading;
  return !address.split(/[/?#&=;:]+/).some((part) => acting.includes(plain(unquoted(part))));
}

/** As it was before it was written for an address; what cannot have been is left as it stands. */
function unquoted(part: string): string {
  return part.replace(/(%[0-9a-f]{2})+/gi, (written) => {
    try {
      return decodeURIComponent(written);
    } catch {
      return written;
    }
  });
}

/** Whether a link's label names a page about a deed, as "Delete account help", and not the deed. */
function isAbout(text: string): boolean {
  const { labels, endings } = vocabulary().reading;
  return labels.includes(text) || endings.some((word) => text.endsWith(UNSPACED.test(word) ? word : ` ${word}`));
}

function addOfLabel(found: Set<Consequence>, label: string, isLink: boolean, mayRead: boolean): void {
  const text = plain(label);
  if (text === "" || [...text].length > MAX_LABEL) return;
  if (isLink && (text.split(" ").length > MAX_LINK_WORDS || (mayRead && isAbout(text)))) return;
  for (const [name, consequence] of NAMES) {
    const { whole, phrases } = vocabulary()[name];
    const squeezed = text.replaceAll(" ", "");
    // Such words name places, too: a folder "Trash", a book. What they are on is a button where they name a deed.
    const isWhole = !isLink && whole.includes(text);
    const isOne = isWhole || phrases.some((phrase) => phrase.replaceAll(" ", "") === squeezed);
    if (isOne || has(text, phrases, isLink)) found.add(consequence);
  }
}

function has(text: string, phrases: readonly string[], atStart: boolean): boolean {
  const padded = ` ${text} `;
  return phrases.some((phrase) => {
    if (UNSPACED.test(phrase)) return text.includes(phrase);
    return atStart ? padded.startsWith(` ${phrase} `) : padded.includes(` ${phrase} `);
  });
}

/** A label without what could disguise it: only letters and digits, words set apart by one space. */
export function plain(label: string): string {
  const folded = [...label].slice(0, 2000).join("").normalize("NFKC").toLowerCase();
  const simple = folded.replaceAll("ß", "ss").replaceAll("ı", "i");
  const letters = simple
    .normalize("NFD")
    .replace(/[\p{Mn}\p{Cf}]/gu, "")
    .replace(/[łøđæ]/g, (char) => OTHERS.get(char) ?? char);
  const spaced = letters.normalize("NFC").replace(/[^\p{L}\p{N}\p{M}]/gu, " ");
  const parts = spaced.split(" ").filter((word) => word !== "");
  return joined(parts.map(unmasked)).join(" ");
}

function unmasked(word: string): string {
  const looksLatin = /[a-z]/.test(word) || [...word].every((char) => ALIKE.has(char));
  return looksLatin ? Array.from(word, (char) => ALIKE.get(char) ?? char).join("") : word;
}

/** Letters that are set apart are one word: three of them or more in a row. */
function joined(parts: readonly string[]): string[] {
  const out: string[] = [];
  let run: string[] = [];
  for (const word of [...parts, ""]) {
    if ([...word].length === 1 && !UNSPACED.test(word)) {
      run.push(word);
      continue;
    }
    out.push(...(run.length > 2 ? [run.join("")] : run));
    run = [];
    if (word !== "") out.push(word);
  }
  return out;
}

interface Deed {
  readonly phrases: readonly string[];
  readonly whole: readonly string[];
}
interface Vocabulary {
  readonly buy: Deed;
  readonly send: Deed;
  readonly delete: Deed;
  readonly publish: Deed;
  readonly credentials: Deed;
  readonly reading: Record<"labels" | "endings" | "acting", readonly string[]>;
  readonly fields: { readonly payment: readonly string[]; readonly message: readonly string[] };
}

let known: Vocabulary | undefined;

/** The words, written as `plain` writes labels. */
function vocabulary(): Vocabulary {
  const deed = ({ phrases, whole }: Deed): Deed => ({ phrases: phrases.map(plain), whole: whole.map(plain) });
  known ??= {
    buy: deed(words.buy),
    send: deed(words.send),
    delete: deed(words.delete),
    publish: deed(words.publish),
    credentials: deed(words.credentials),
    reading: {
      labels: words.reading.labels.map(plain),
      endings: words.reading.endings.map(plain),
      acting: words.reading.acting.map(plain),
    },
    fields: { payment: words.fields.payment.map(plain), message: words.fields.message.map(plain) },
  };
  return known;
}
