// How the service worker and the page engine tell each other which fields of a document a secret was filled in, past the
// end of either: by notes in the world that all scripts of this extension share in a document, which no page can look
// into. An extension that was updated or reloaded gets another such world, so its service worker brings the notes along.

/** A field that a secret was filled in. Its value is never part of it. */
export interface FilledField {
  /** The secret's name. */
  readonly secret: string;
  /** What the field is known by; null if that was never heard: then it may be any field that holds something. */
  readonly place: string | null;
}

/** The notes in a document. */
export interface FilledNotes {
  /** What an earlier life of the extension had filled in. */
  tabwireLeft?: readonly FilledField[];
  /** What was filled in since. */
  tabwireFilled?: readonly FilledField[];
}

/** What cannot be longer in any sensible page is cut, so that no page makes the extension keep much. */
const MOST_PLACE = 300;
const MOST_NAME = 100;
const MOST_FIELDS = 50;

/** What the notes of a document say, which come from the page's own process; null if there are none. */
export function readFilled(told: unknown): FilledField[] | null {
  if (!Array.isArray(told)) return null;
  const fields: FilledField[] = [];
  for (const { secret, place } of told.slice(0, MOST_FIELDS) as Partial<FilledField>[]) {
    if (typeof secret !== "string" || secret.length > MOST_NAME) return null;
    if (place !== null && (typeof place !== "string" || place.length > MOST_PLACE)) return null;
    fields.push({ secret, place });
  }
  return fields;
}

/** What a field is known by. */
export function placeOf(tag: string, id: string, name: string): string {
  return JSON.stringify([tag, id, name]).slice(0, MOST_PLACE);
}

/** Whether what a field is known by tells it from those beside it. */
export function isNameless(place: string): boolean {
  return place.endsWith('","",""]');
}
