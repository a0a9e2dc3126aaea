// Whether what a field holds is what was written into it. Fields lay out what they are given and editors differ in how they
// write paragraphs, so there is more than one kind of same.

/** Letters and digits only, for fields that lay out what is typed: phone numbers, amounts, upper case. */
function bare(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
}

/** Whether two texts have the same letters and digits, and any at all. */
export function sameWhenBare(a: string, b: string): boolean {
  const letters = bare(a);
  return letters !== "" && letters === bare(b);
}

/** The paragraphs of a text. Editors differ in how they write an empty line between two. */
function paragraphs(text: string): string[] {
  return text
    .replace(/\u00a0/g, " ")
    .replace(/[\u200b\ufeff]/g, "")
    .split(/\n+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}

/** Whether two texts have the same paragraphs. */
export function sameParagraphs(a: string, b: string): boolean {
  const [left, right] = [paragraphs(a), paragraphs(b)];
  return left.length === right.length && left.every((line, at) => line === right[at]);
}

/** Whether two texts say the same, apart from white space. */
export function saysTheSame(a: string, b: string): boolean {
  return a.replace(/[\s\u200b\ufeff]+/g, "") === b.replace(/[\s\u200b\ufeff]+/g, "");
}
