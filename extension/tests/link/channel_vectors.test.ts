// The channel does what the shared scenarios say, which the server's channel runs too (tests/vectors/README.md).

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Channel } from "../../link/channel";
import type { ChannelLimits, Effect } from "../../link/effects";

const FOLDER = new URL("../../../tests/vectors/channel/", import.meta.url);

type Vector = (string | number)[];

interface Step {
  readonly do: string;
  readonly now: number;
  readonly epoch: number;
  readonly seq: number;
  readonly ack: number;
  readonly seq_ack: number;
  readonly digest: string;
  readonly size: number;
  readonly body: string;
  readonly resume_after: number;
  readonly recorded: number;
  readonly reason: string;
  readonly retry_after_ms: number;
  readonly expect?: Vector[];
  readonly due_at?: number | null;
  readonly attached?: boolean;
  readonly in_flight?: number;
}

interface Scenario {
  readonly name: string;
  readonly limits?: Record<string, number>;
  readonly steps: Step[];
}

function limitsOf(named: Record<string, number> = {}): Partial<ChannelLimits> {
  const camel = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [camel(name), value]));
}

/** Effects are written as their name and fields in the order of effects.ts. */
function asVector(effect: Effect<string>): Vector {
  return Object.values(effect);
}

function perform(channel: Channel<string>, step: Step): Effect<string>[] | number {
  switch (step.do) {
    case "enqueue":
      return channel.enqueue(step.body, step.size);
    case "acked":
      return channel.acked(step.epoch, step.seq_ack);
    case "receive":
      return channel.receive(step.now, step.epoch, step);
    case "record":
      channel.record(step.now, step.seq);
      return [];
    case "acknowledge":
      return channel.acknowledge(step.now);
    case "acknowledge_apart":
      return channel.acknowledgeApart();
    case "attach":
      return channel.attach(step.now, step.epoch, step.resume_after);
    case "begin":
      return channel.begin();
    case "on_attached":
      return channel.onAttached(step.now, step.epoch, step.recorded);
    case "detach":
      return channel.detach(step.epoch);
    case "rotate":
      return channel.rotate(step.reason, step.retry_after_ms);
    case "tick":
      return channel.tick(step.now);
    default:
      throw new Error(`no such event: ${step.do}`);
  }
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

describe.each(files)("%s", (file) => {
  const { scenarios } = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as { scenarios: Scenario[] };
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))("%s", (_name, scenario) => {
    const channel = new Channel<string>(limitsOf(scenario.limits));
    scenario.steps.forEach((step, index) => {
      const where = `step ${index}: ${JSON.stringify(step)}`;
      const outcome = perform(channel, step);
      if (typeof outcome === "number") expect(outcome, where).toBe(step.ack);
      else expect(outcome.map(asVector), where).toEqual(step.expect ?? []);
      if (step.due_at !== undefined) expect(channel.dueAt() ?? null, where).toBe(step.due_at);
      if (step.attached !== undefined) expect(channel.attached, where).toBe(step.attached);
      if (step.in_flight !== undefined) expect(channel.inFlight, where).toBe(step.in_flight);
    });
  });
});

it("has scenarios to run", () => {
  expect(files.length).toBeGreaterThanOrEqual(10);
});
