/** A small seeded generator (mulberry32), so that two targets are offered the same arrivals. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * The intended send times of an open loop: a Poisson process, because many
 * independent users do not take turns. They never depend on what was answered,
 * so a stalled server is charged for every message that should have been sent.
 * @param rate arrivals a second, above zero
 * @param from @param to microseconds
 */
export function* arrivals(rate: number, from: number, to: number, seed: number): Generator<number> {
  const random = randomFrom(seed);
  let at = from;
  for (;;) {
    at += (-Math.log(1 - random()) / rate) * 1_000_000;
    if (at >= to) return;
    yield Math.round(at);
  }
}
