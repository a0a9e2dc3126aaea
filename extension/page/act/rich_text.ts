// Puts text into an editor that keeps a model of its own, or into any editable area. Several ways are tried, those first
// that do nothing at all unless the page takes them: paste, an announced edit, and last the browser's own editing command,
// which changes the page whether an editor knows of it or not. After each way it is looked at what the field holds: no
// effect leads to the next way, a wrong effect is undone. Nothing here knows an editor by name.

import { visibleCharacters } from "../clean";
import { nextTask } from "../clock";
import { editedText } from "../perceive/states";
import { isTypingProxy } from "../perceive/typing_proxy";
import { sameParagraphs, sameWhenBare } from "./compare";
import { announceEdit, unidentifiedKey } from "./edit_events";
import { KEY_BACKSPACE, KEY_Z, pasteIn, pressIn } from "./editor_events";
import { comesTrue, drawnTextOf, goToEnd, isDrawnInPart, modelText, selectAllOf } from "./model_text";

/** What became of one way. */
enum Came {
  /** The page did not take it: nothing has happened. */
  Untaken,
  /** The page took it, and the text is as it was: it may not want it this way. */
  Refused,
  /** The text is what it should be. */
  Right,
  /** The text is something else now. */
  Wrong,
}

/** A way to put text in the place of what is selected, or at the caret. Answers whether the page took it. */
interface Way {
  readonly put: (field: Element, text: string) => boolean | Promise<boolean>;
  /** If it is refused, the page wants no text at all: the next way would go behind its back. */
  readonly refusalCounts: boolean;
}

const paste: Way = { put: pasteIn, refusalCounts: false };

const announce: Way = {
  put: async (field, text) => {
    let taken = false;
    for (const [at, line] of text.split("\n").entries()) {
      if (at > 0 && !announceEdit(field, "insertParagraph", null)) return taken;
      if (at > 0) await nextTask();
      if (line === "") continue;
      if (!announceEdit(field, "insertText", line)) return taken;
      taken = true;
      await nextTask();
    }
    return taken;
  },
  refusalCounts: true,
};

const command: Way = {
  put: (field, text) => !isTypingProxy(field) && document.execCommand("insertText", false, text),
  refusalCounts: true,
};

const pressDelete: Way = { put: (field) => pressIn(field, KEY_BACKSPACE, false), refusalCounts: false };
const announceDelete: Way = {
  put: (field) => announceEdit(field, "deleteContentBackward", null),
  refusalCounts: true,
};
const commandDelete: Way = {
  put: (field) => !isTypingProxy(field) && document.execCommand("delete"),
  refusalCounts: true,
};

/** The text of an area: what the page shows where that is all of it, else what the editor copies; null if it does not. */
export async function richTextOf(field: Element): Promise<string | null> {
  return isDrawnInPart(field) ? await modelText(field) : editedText(field);
}

/** One attempt: the field, what it held, what it should hold. */
class Attempt {
  private readonly field: Element;
  private readonly before: string | null;
  private readonly wanted: string;

  constructor(field: Element, before: string | null, wanted: string) {
    this.field = field;
    this.before = before;
    this.wanted = wanted;
  }

  /** Goes one way, and judges what it has come to. An editor may take a moment to take in what it has taken. */
  async go(way: Way, text: string): Promise<Came> {
    const { field } = this;
    const drawn = drawnTextOf(field);
    const taken = await way.put(field, text);
    // Copying selects all, which must not happen while something is about to be put in the place of what is selected.
    const ends = () => (isDrawnInPart(field) ? drawnTextOf(field) !== drawn : this.isRight(editedText(field)));
    // Some do their part a moment later without having taken the event, and leave things lying about until then.
    if (taken || drawnTextOf(field) !== drawn) await comesTrue(ends);
    const now = await richTextOf(field);
    if (now === this.before) return this.isRight(now) ? Came.Right : taken ? Came.Refused : Came.Untaken;
    return this.isRight(now) || sameWhenBare(now ?? "", this.wanted) ? Came.Right : Came.Wrong;
  }

  private isRight(text: string | null): boolean {
    return text !== null && sameParagraphs(text, this.wanted);
  }

  /** Takes back what a way has done wrong. Answers whether the text is what it was. */
  async takeBack(byCommand: boolean): Promise<boolean> {
    const { field, before } = this;
    if (byCommand) document.execCommand("undo");
    else if (!pressIn(field, KEY_Z, true) && !announceEdit(field, "historyUndo", null)) return false;
    await comesTrue(() => isDrawnInPart(field) || editedText(field) === before);
    return (await richTextOf(field)) === before;
  }
}

/** What has been written, and how. */
export interface Written {
  /** What the field should hold now. What it does hold is compared by the caller, who knows how to say it. */
  readonly wanted: string;
  /** The browser has put it into the page itself, and an editor may not know of it. */
  readonly byCommand: boolean;
}

/** Writes text into an editable area that has the focus, in place of what is in it or after it. */
export async function writeRichText(field: Element, text: string, append: boolean): Promise<Written> {
  const given = text.replace(/\r\n?/g, "\n");
  const before = await richTextOf(field);
  const wanted = append ? (before ?? "") + given : given;
  let byCommand = false;
  if (given === "" && (append || before?.trim() === "")) return { wanted, byCommand };
  const attempt = new Attempt(field, before, wanted);
  const ways = given === "" ? [pressDelete, announceDelete, commandDelete] : [paste, announce, command];
  for (const way of ways) {
    await (append ? goToEnd(field) : selectAllOf(field));
    byCommand = way === command || way === commandDelete;
    const came = await attempt.go(way, given);
    if (came === Came.Right || (came === Came.Refused && way.refusalCounts)) break;
    if (came === Came.Wrong && !(await attempt.takeBack(byCommand))) break;
  }
  unidentifiedKey(field, "keyup");
  return { wanted, byCommand };
}

/**
 * The text of an area from a source that does not lie, or null if there is none. What the page's own code has drawn is
 * what its model has; what the browser's command has put into the page may not be, so there the editor is asked.
 */
export async function verifiedText(field: Element, byCommand: boolean): Promise<string | null> {
  if (isDrawnInPart(field)) return await modelText(field);
  const shown = editedText(field);
  const model = byCommand ? await modelText(field) : null;
  return visibleCharacters(model === null || model === "" ? shown : model);
}
