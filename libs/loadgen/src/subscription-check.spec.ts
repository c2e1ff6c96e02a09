import { expect, test } from "vitest";
import { Bitmap } from "./bitmap.js";
import { noFaults, type Numbering, SubscriptionCheck } from "./subscription-check.js";

const mark = (number: number, worker = 0) => ({ run: 1, room: 2, worker, number, at: 0 });
const setOf = (...numbers: number[]): Bitmap => {
  const set = new Bitmap();
  for (const number of numbers) set.add(number);
  return set;
};
const check = (numbering: Numbering = "gapless") => new SubscriptionCheck(1, 2, numbering);

test("complete, once and in order is no fault", () => {
  const subject = check();
  for (let n = 0; n < 1_000; n++) expect(subject.delivered(mark(n), n + 1)).toBe(true);
  const all = setOf(...Array(1_000).keys());
  expect(subject.missing([all])).toBe(0);
  expect(subject.faults).toEqual(noFaults());
});

test("what was acknowledged and never came is missing, of each worker", () => {
  const subject = check();
  subject.delivered(mark(0), 1);
  subject.delivered(mark(3, 1), 2);
  expect(subject.missing([setOf(0, 1, 200), setOf(3)])).toBe(2);
  expect(subject.missing([undefined, undefined, setOf(5)])).toBe(1);
});

test("the same message again is doubled, whatever its seq", () => {
  const subject = check();
  subject.delivered(mark(0), 1);
  expect(subject.delivered(mark(0), 2)).toBe(false);
  expect(subject.faults).toEqual({ ...noFaults(), doubled: 1 });
});

test("a jump of seq counts what was skipped", () => {
  const subject = check();
  subject.delivered(mark(0), 1);
  subject.delivered(mark(1), 5);
  expect(subject.faults).toEqual({ ...noFaults(), skipped: 3 });
});

test("a first message that is not seq 1 is a jump as well", () => {
  const subject = check();
  subject.delivered(mark(0), 2);
  expect(subject.faults.skipped).toBe(1);
});

test("a seq that goes back is disorder", () => {
  const subject = check();
  for (const [number, seq] of [1, 3, 2].entries()) subject.delivered(mark(number), seq);
  expect(subject.faults).toEqual({ ...noFaults(), skipped: 1, disordered: 1 });
});

test("without the promise of a gapless order seq is not judged", () => {
  const subject = check("none");
  for (const [number, seq] of [10, 30, 20].entries()) subject.delivered(mark(number), seq);
  expect(subject.faults).toEqual(noFaults());
});

test("where others are numbered as well, holes are no fault, and going back is", () => {
  const subject = check("rising");
  for (const [number, seq] of [10, 30, 20].entries()) subject.delivered(mark(number), seq);
  expect(subject.faults).toEqual({ ...noFaults(), disordered: 1 });
});

test("a message of another room or run is a stray and no delivery", () => {
  const subject = check();
  expect(subject.delivered({ ...mark(0), room: 3 }, 1)).toBe(false);
  expect(subject.delivered({ ...mark(0), run: 9 }, 1)).toBe(false);
  expect(subject.faults).toEqual({ ...noFaults(), stray: 2 });
});

test.each([
  ["the ack first", [4, 5]],
  ["the delivery first", [5, 4]],
])("an ack whose seq differs from the delivery's is misnumbered: %s", (_, [first, second]) => {
  const subject = check();
  subject.sent(0);
  subject.ownSeq(0, first!);
  subject.ownSeq(0, second!);
  subject.sent(1);
  subject.ownSeq(1, 6);
  subject.ownSeq(1, 6);
  expect(subject.faults).toEqual({ ...noFaults(), misnumbered: 1 });
});
