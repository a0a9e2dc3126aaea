// The link's clock: milliseconds that never go back, and that also count the time a computer slept. performance.now()
// stands still during sleep on some systems, Date.now() jumps when the clock is set; each makes up for the other.

/** Makes a clock. */
export function createClock(
  wall: () => number = Date.now,
  steady: () => number = () => performance.now(),
): () => number {
  let time = 0;
  let lastWall = wall();
  let lastSteady = steady();
  return () => {
    const nowWall = wall();
    const nowSteady = steady();
    time += Math.max(nowWall - lastWall, nowSteady - lastSteady, 0);
    lastWall = nowWall;
    lastSteady = nowSteady;
    return Math.floor(time);
  };
}
