import { expect, it } from "vitest";
import { onceMore } from "./once-more.js";

const EVER = 20;

it("does once more what is asked for at any moment after it began, its last included", async () => {
  for (let moment = 0; moment < EVER; moment++) {
    let begun = 0;
    const ask = onceMore(async () => {
      begun++;
      await Promise.resolve();
    });
    const first = ask();
    // A microtask later each time: somewhere the work has ended, and nobody knows it yet.
    for (let passed = 0; passed < moment; passed++) await Promise.resolve();
    await ask();
    await first;
    expect([moment, begun]).toEqual([moment, 2]);
  }
});

it("can be asked again after a failure", async () => {
  let fails = true;
  const ask = onceMore(async () => {
    await Promise.resolve();
    if (fails) throw new Error("away");
  });
  await expect(ask()).rejects.toThrow("away");
  fails = false;
  await ask();
});
