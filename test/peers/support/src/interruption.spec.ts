import { expect, test } from "vitest";
import { keepTrack, untilInterrupted } from "./interruption.js";

test("what is still up when the work fails is stopped, and all of it once", async () => {
  const stopped: string[] = [];
  const start = (name: string) =>
    keepTrack(
      Promise.resolve({
        async stop() {
          stopped.push(name);
        },
      }),
    );
  const work = untilInterrupted(async () => {
    const first = await start("first");
    await Promise.all([first.stop(), first.stop()]);
    await start("second");
    throw new Error("broken");
  });
  await expect(work).rejects.toThrow("broken");
  expect(stopped).toEqual(["first", "second"]);
});
