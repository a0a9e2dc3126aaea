// What a task is told about where the person is, and which addresses can be a server's.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ElementSchema } from "@gen/tabwire/v1/state_pb";
import { type TaskContext, TaskContextSchema } from "@gen/tabwire/v1/task_pb";
import { describe, expect, test } from "vitest";
import { contextToSend, elementWords, withoutElement, withoutSelection } from "../../ui/model/context";
import { addressOf } from "../../ui/stores/pairing";

const ALL = { page: false, selection: "" };

function context(init: MessageInitShape<typeof TaskContextSchema>): TaskContext {
  return create(TaskContextSchema, { url: "https://a.example/", activeTabId: 1, ...init });
}

describe("contextToSend", () => {
  test("is the page in front, with its selection", () => {
    const sent = contextToSend(context({ selectedText: "words", pageTitle: "A" }), undefined, ALL);
    expect(sent).toMatchObject({ url: "https://a.example/", activeTabId: 1, selectedText: "words", pageTitle: "A" });
  });

  test("is the draft, wherever the person went since", () => {
    const draft = context({ url: "https://b.example/", activeTabId: 2, targetedElement: { id: 5, name: "Pay" } });
    const sent = contextToSend(context({ selectedText: "elsewhere" }), draft, ALL);
    expect(sent).toMatchObject({ url: "https://b.example/", activeTabId: 2, selectedText: "" });
    expect(sent?.targetedElement?.id).toBe(5);
  });

  test("takes the selection of the draft's page along", () => {
    const sent = contextToSend(context({ selectedText: "here" }), context({ targetedElement: { id: 5 } }), ALL);
    expect(sent?.selectedText).toBe("here");
  });

  test("withholds what the person took out, but not another selection", () => {
    const live = context({ selectedText: "secret" });
    expect(contextToSend(live, undefined, { page: true, selection: "" })).toBeUndefined();
    expect(contextToSend(live, undefined, { page: false, selection: "secret" })?.selectedText).toBe("");
    expect(contextToSend(live, undefined, { page: false, selection: "old" })?.selectedText).toBe("secret");
  });

  test("keeps to the sizes of the contract", () => {
    const sent = contextToSend(
      context({ pageTitle: "x".repeat(5000), selectedText: "y".repeat(30_000) }),
      undefined,
      ALL,
    );
    expect(sent?.pageTitle.length).toBe(2000);
    expect(sent?.selectedText.length).toBe(20_000);
  });
});

test("a draft of which nothing is left is none", () => {
  const both = context({ selectedText: "s", targetedElement: { id: 1 } });
  expect(withoutElement(both)?.targetedElement).toBeUndefined();
  expect(withoutSelection(both)?.selectedText).toBe("");
  expect(withoutElement(context({ targetedElement: { id: 1 } }))).toBeUndefined();
  expect(withoutSelection(context({ selectedText: "s" }))).toBeUndefined();
});

test("an element is named by its name and role, or by what there is", () => {
  const words = (init: MessageInitShape<typeof ElementSchema>) => elementWords(create(ElementSchema, init));
  expect(words({ name: "Add to cart", role: "button" })).toBe("“Add to cart” button");
  expect(words({ textContent: "More", tag: "div" })).toBe("“More” div");
  expect(words({})).toBe("element");
});

test("only https addresses can be a server's", () => {
  expect(addressOf(" 127.0.0.1:8443 ")).toBe("https://127.0.0.1:8443");
  expect(addressOf("https://a.example/path?x")).toBe("https://a.example");
  expect(addressOf("localhost:8443")).toBe("https://localhost:8443");
  for (const wrong of ["", "   ", "http://a.example", "ftp://a.example", "https://", "a b"]) {
    expect(addressOf(wrong)).toBeUndefined();
  }
});
