// Which keys press what has the focus.

/** Whether a key, or the last one of a chord, is Enter. */
export function isEnter(name: string): boolean {
  return /^(numpad)?enter$/i.test(lastKey(name));
}

/** Whether a key presses what has the focus: Enter and Space. */
export function isPressing(name: string): boolean {
  return isEnter(name) || /^(space| )$/i.test(lastKey(name));
}

function lastKey(name: string): string {
  return name.slice(name.lastIndexOf("+", name.length - 2) + 1);
}
