// Counts the o200k tokens of texts: a JSON object of texts by name comes in, one of counts by the same names goes out.
// Runs where js-tiktoken is installed, whose package carries the vocabulary, so that nothing is downloaded.

import { readFileSync } from "node:fs";
import { Tiktoken } from "js-tiktoken/lite";
import o200k from "js-tiktoken/ranks/o200k_base";

const encoding = new Tiktoken(o200k);
const texts = JSON.parse(readFileSync(0, "utf8"));
// What looks like a special token in a page's text is text.
const counts = Object.entries(texts).map(([name, text]) => [name, encoding.encode(text, [], []).length]);
process.stdout.write(JSON.stringify(Object.fromEntries(counts)));
