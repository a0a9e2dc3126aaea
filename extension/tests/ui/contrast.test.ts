// Every pair of text and ground that the style sheets use together can be read: 4.5 to 1 (WCAG 2.2, 1.4.3), and 3 to 1 for
// the edges of fields and the focus ring (1.4.11), in light and in dark.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const TOKENS = readFileSync(new URL("../../assets/tokens.css", import.meta.url), "utf8");
const [LIGHT = "", DARK = ""] = TOKENS.split("@media (prefers-color-scheme: dark)");

const GROUNDS = ["ground", "surface", "sunken"];
const TEXTS: readonly (readonly [string, readonly string[]])[] = [
  ["text", [...GROUNDS, "calm-soft", "accent-soft", "bad-soft", "ask-soft", "good-soft"]],
  ["muted", ["ground", "surface", "calm-soft"]],
  ["accent", ["ground", "surface", "accent-soft", "good-soft", "calm-soft"]],
  ["on-accent", ["accent", "accent-strong"]],
  ["good", ["ground", "surface", "good-soft"]],
  ["bad", ["ground", "surface", "bad-soft"]],
  ["ask", ["ground", "surface", "ask-soft"]],
  ["calm", ["ground", "surface", "calm-soft"]],
];
const EDGES: readonly (readonly [string, readonly string[]])[] = [
  ["edge", ["ground", "surface"]],
  ["accent", ["ground", "surface"]],
];

describe.each([
  ["light", LIGHT],
  ["dark", DARK],
])("%s", (_name, css) => {
  const pairs = (table: typeof TEXTS) => table.flatMap(([front, backs]) => backs.map((back) => [front, back] as const));

  test.each(pairs(TEXTS))("%s on %s can be read", (front, back) => {
    expect(contrast(colour(css, front), colour(css, back))).toBeGreaterThanOrEqual(4.5);
  });

  test.each(pairs(EDGES))("%s on %s can be seen", (front, back) => {
    expect(contrast(colour(css, front), colour(css, back))).toBeGreaterThanOrEqual(3);
  });
});

type Rgb = readonly [number, number, number];

function colour(css: string, token: string): Rgb {
  const hex = new RegExp(`--${token}: #([0-9a-f]{6});`).exec(css)?.[1];
  if (hex === undefined) throw new Error(`no colour named ${token}`);
  const part = (at: number): number => Number.parseInt(hex.slice(at, at + 2), 16) / 255;
  return [part(0), part(2), part(4)];
}

function contrast(one: Rgb, other: Rgb): number {
  const [bright, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (bright + 0.05) / (dark + 0.05);
}

function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}
