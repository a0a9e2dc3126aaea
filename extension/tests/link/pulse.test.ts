// The pulse of a link: a dead connection is noticed in seconds, a slow one is given the time it needs, and a computer that
// slept blames nobody. What is to hold for any course of events is tried with drawn ones.

import { describe, expect, it } from "vitest";
import { Pulse } from "../../link/pulse";

/** A link in use, with a server that answers or does not. Moves time itself. */
class Course {
  readonly pulse = new Pulse();
  now = 1_000;
  /** When the server is asked: how long until it answers; undefined for never. */
  answersAfter: number | undefined = 20;
  asks = 0;
  readonly #answers: { at: number; ask: number }[] = [];

  constructor() {
    this.pulse.start(this.now);
  }

  send(bytes = 100): void {
    const ask = this.pulse.asked(this.now, bytes);
    if (this.answersAfter !== undefined) this.#answers.push({ at: this.now + this.answersAfter, ask });
  }

  /** Lets time pass as far as this; true if the stream was given up, at `now`. */
  diesUntil(end: number): boolean {
    while (this.now < end) {
      const answer = this.#answers.reduce((least, { at }) => Math.min(least, at), end);
      this.now = Math.max(this.now, Math.min(end, answer, this.pulse.dueAt() ?? end));
      for (const { at, ask } of this.#answers.filter(({ at }) => at <= this.now)) this.pulse.answered(at, ask);
      this.#answers.splice(0, this.#answers.length, ...this.#answers.filter(({ at }) => at > this.now));
      const verdict = this.pulse.look(this.now);
      if (verdict === "dead") return true;
      if (verdict !== "ask") continue;
      this.asks += 1;
      this.send();
    }
    return false;
  }
}

describe("a dead connection", () => {
  it("is noticed soon after a Send that brings no answer", () => {
    const course = new Course();
    course.answersAfter = undefined;
    course.send();
    expect(course.diesUntil(60_000)).toBe(true);
    expect(course.now - 1_000).toBeLessThanOrEqual(2_600);
  });

  it("is noticed within four seconds while the link is in use, also when there is nothing to send", () => {
    const course = new Course();
    course.pulse.used(course.now);
    expect(course.diesUntil(9_000)).toBe(false);
    course.answersAfter = undefined;
    const broke = course.now;
    expect(course.diesUntil(60_000)).toBe(true);
    expect(course.now - broke).toBeLessThanOrEqual(4_000);
  });
});

it("asks for nothing while the link is not in use", () => {
  const course = new Course();
  expect(course.diesUntil(600_000)).toBe(false);
  expect(course.asks).toBe(0);
  course.pulse.used(course.now);
  course.diesUntil(course.now + 600_000);
  expect(course.asks).toBeGreaterThan(5);
  expect(course.asks).toBeLessThan(20);
});

it("does not ask again at once where the sender had its reason not to", () => {
  const { pulse } = new Course();
  pulse.used(1_000);
  const due = pulse.dueAt() as number;
  expect(pulse.look(due)).toBe("ask");
  expect(pulse.dueAt()).toBeGreaterThan(due + 1_000);
});

it("gives a large Send the time that a slow network takes for it", () => {
  const course = new Course();
  course.answersAfter = 40_000;
  course.send(256 * 1024);
  expect(course.diesUntil(41_000)).toBe(false);
});

it("does not take a server for dead that is heard while it owes an answer", () => {
  const course = new Course();
  course.answersAfter = undefined;
  course.send();
  for (let i = 0; i < 20; i++) {
    course.pulse.heard(course.now);
    expect(course.diesUntil(course.now + 1_000)).toBe(false);
  }
  expect(course.diesUntil(course.now + 5_000)).toBe(true);
});

it("learns patience with a slow server, and forgets it again", () => {
  const course = new Course();
  course.answersAfter = 9_000;
  let deaths = 0;
  for (let i = 0; i < 10; i++) {
    course.pulse.start(course.now);
    course.send();
    if (!course.diesUntil(course.now + 10_000)) continue;
    deaths += 1;
    course.pulse.gaveUp();
  }
  expect(deaths).toBeGreaterThan(0);
  expect(deaths).toBeLessThanOrEqual(3);
  course.answersAfter = 20;
  for (let i = 0; i < 120; i++) {
    course.send();
    course.diesUntil(course.now + 100);
  }
  course.answersAfter = undefined;
  const broke = course.now;
  course.send();
  expect(course.diesUntil(broke + 60_000)).toBe(true);
  expect(course.now - broke).toBeLessThanOrEqual(2_600);
});

it("blames nobody for the time that the computer slept", () => {
  const { pulse } = new Course();
  const ask = pulse.asked(1_000, 100);
  expect(pulse.look(600_000)).toBe("fine");
  expect(pulse.look(600_100)).toBe("fine");
  pulse.answered(600_200, ask);
  expect(pulse.look(700_000)).toBe("fine");
  pulse.asked(700_000, 100);
  expect(pulse.look(800_000)).toBe("fine");
  expect(pulse.look(pulse.dueAt() as number)).toBe("dead");
});

it("never takes a server for dead that answers everything within two seconds, whatever is sent when", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = dice(seed);
    const course = new Course();
    const steps: string[] = [];
    for (let i = 0; i < 60; i++) {
      course.answersAfter = Math.floor(random() * 2_000);
      const wait = Math.floor(random() ** 3 * 30_000);
      const what = random();
      steps.push(`${course.now}: ${what.toFixed(2)} answered after ${course.answersAfter}, then ${wait}`);
      if (what < 0.5) course.send(Math.floor(random() * 300_000));
      else if (what < 0.8) course.pulse.used(course.now);
      else if (what < 0.9) course.pulse.heard(course.now);
      const died = course.diesUntil(course.now + wait);
      expect(died, `seed ${seed}\n${steps.join("\n")}`).toBe(false);
    }
  }
});

/** Numbers from 0 to 1, the same for the same seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
