// What people write for dates and times, and what the fields take.

import { describe, expect, it } from "vitest";
import { asWritten } from "../../page/act/as_written";

describe("dates and times as people write them", () => {
  it.each([
    ["date", "5/20/2010", "en-US", "2010-05-20"],
    ["date", "05/06/2010", "en-US", "2010-05-06"],
    ["date", "05/06/2010", "en-GB", "2010-06-05"],
    ["date", "05/20/2010", "en-GB", "2010-05-20"],
    ["date", "20/05/2010", "en-US", "2010-05-20"],
    ["date", "5.6.2010", "en-US", "2010-06-05"],
    ["date", "2010/5/6", "de", "2010-05-06"],
    ["time", "9:37 PM", "en-US", "21:37"],
    ["time", "12:05 a.m.", "en-US", "00:05"],
    ["time", "12:05 pm", "en-US", "12:05"],
    ["time", "7:05", "de", "07:05"],
    ["month", "5/2010", "en-US", "2010-05"],
    ["datetime-local", "05/20/2010, 9:37 PM", "en-US", "2010-05-20T21:37"],
    ["datetime-local", "2010-05-20 9:37 PM", "en-US", "2010-05-20T21:37"],
  ])("%s %s in %s", (type, text, language, value) => {
    expect(asWritten(type, text, language)).toBe(value);
  });

  it.each([
    ["date", "5/20/10"],
    ["date", "5/20-2010"],
    ["date", "tomorrow"],
    ["time", "13:00 PM"],
    ["time", "0:30 am"],
    ["time", "noon"],
    ["month", "May 2010"],
    ["week", "20/2010"],
    ["datetime-local", "05/20/2010"],
    ["number", "1/2/2010"],
  ])("%s %s is not guessed", (type, text) => {
    expect(asWritten(type, text, "en-US")).toBeNull();
  });
});
