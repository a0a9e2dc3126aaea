// @vitest-environment jsdom
// Which files the `accept` attribute of a field lets in.

import { describe, expect, it } from "vitest";
import { isAccepted } from "../../page/act/upload";

describe("accept", () => {
  const cases: [string, string, string, boolean][] = [
    ["", "a.txt", "text/plain", true],
    [" , ", "a.txt", "text/plain", true],
    [".txt", "A.TXT", "text/plain", true],
    [".txt", "a.txt.exe", "application/octet-stream", false],
    ["image/*", "p.png", "image/png", true],
    ["image/*", "p.txt", "text/plain", false],
    ["image/*", "p", "imagery/png", false],
    ["application/pdf, .doc", "x.doc", "application/msword", true],
    ["application/pdf, .doc", "x.docx", "application/pdfx", false],
    ["APPLICATION/PDF", "x", "application/pdf", true],
  ];
  it.each(cases)("%j and %s (%s): %s", (accept, name, type, fits) => {
    expect(isAccepted(accept, { name, type })).toBe(fits);
  });
});
