// Names of keys and chords.

import { describe, expect, it } from "vitest";
import { parseKey } from "../../page/act/keys";
import { PageError } from "../../page/errors";

describe("keys", () => {
  it.each([
    ["Enter", "Enter", "Enter", 13, ""],
    ["return", "Enter", "Enter", 13, ""],
    ["esc", "Escape", "Escape", 27, ""],
    ["Space", " ", "Space", 32, " "],
    ["a", "a", "KeyA", 65, "a"],
    ["A", "A", "KeyA", 65, "A"],
    ["Shift+a", "A", "KeyA", 65, "A"],
    ["5", "5", "Digit5", 53, "5"],
    ["%", "%", "Digit5", 53, "%"],
    ["+", "+", "Equal", 187, "+"],
    ["?", "?", "Slash", 191, "?"],
    ["ü", "ü", "", 0, "ü"],
    ["👍", "👍", "", 0, "👍"],
    ["F11", "F11", "F11", 122, ""],
    ["ArrowLeft", "ArrowLeft", "ArrowLeft", 37, ""],
    ["down", "ArrowDown", "ArrowDown", 40, ""],
  ])("%s", (name, key, code, keyCode, text) => {
    expect(parseKey(name)).toMatchObject({ key, code, keyCode, text });
  });

  it("reads chords", () => {
    expect(parseKey("Control+a")).toMatchObject({ key: "a", control: true, shift: false });
    expect(parseKey("ctrl+shift+ArrowLeft")).toMatchObject({ key: "ArrowLeft", control: true, shift: true });
    expect(parseKey("Control++")).toMatchObject({ key: "+", control: true });
    expect(parseKey("cmd+Enter")).toMatchObject({ key: "Enter", meta: true });
  });

  it.each(["", "Entre", "Hyper+a", "a+b", "Control+"])("refuses %j", (name) => {
    expect(() => parseKey(name)).toThrow(PageError);
  });
});
