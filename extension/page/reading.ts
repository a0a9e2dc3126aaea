// Readings of the page. Reading a page asks the same of hundreds of elements, and some answers (which labels there are, what
// style sheets generate) hold for all of them as long as nothing runs in between. They are kept for one reading.

let reading = 0;

/** To be called when something begins to read the page anew: for a state, and at each step of an action. */
export function beginReading(): void {
  reading++;
}

/** An answer about a document or shadow root that is found once in a reading. */
export class OncePerReading<T> {
  private readonly kept = new WeakMap<Document | ShadowRoot, { readonly reading: number; readonly answer: T }>();
  private readonly find: (root: Document | ShadowRoot) => T;

  constructor(find: (root: Document | ShadowRoot) => T) {
    this.find = find;
  }

  /** The answer in this reading. */
  get(root: Document | ShadowRoot): T {
    const kept = this.kept.get(root);
    if (kept?.reading === reading) return kept.answer;
    const answer = this.find(root);
    this.kept.set(root, { reading, answer });
    return answer;
  }
}

let isPlaceBound = false;

/** To be called by what looks at what lies at a point of the viewport: its answer holds for this place only. */
export function notePlaceBound(): void {
  isPlaceBound = true;
}

/** Whether that was called since this was asked last. */
export function takePlaceBound(): boolean {
  const was = isPlaceBound;
  isPlaceBound = false;
  return was;
}
