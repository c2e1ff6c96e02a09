import { describe, expect, it } from "vitest";
import { TopicFeed } from "./topic-feed.js";
import type { Message } from "./types.js";

const INBOX = "inbox@mud";
const HEAD = 100;
/** The seqs that are to this reader. */
const OWN = [3, 5, 40, 41, 77];

const message = (seq: number): Message => ({ seq, topic: INBOX }) as Message;

/** A reader of its part of a shared inbox, with so much room. */
function follow(room = Infinity) {
  const got: number[] = [];
  const asked: number[] = [];
  const state = { room };
  const feed = new TopicFeed(
    0,
    undefined,
    {
      history: async (after, limit) => {
        asked.push(after);
        const rest = OWN.filter((seq) => seq > after);
        const messages = rest.slice(0, Math.min(2, limit)).map(message);
        const more = messages.length < rest.length;
        return { messages, head: HEAD, more, truncated: false, log_epoch: "e" };
      },
    },
    {
      room: () => state.room,
      deliver: ({ seq }) => {
        got.push(seq);
        state.room--;
      },
      truncated: () => undefined,
      reset: () => undefined,
    },
    1,
  );
  return { feed, got, asked, state };
}

describe("TopicFeed, of a shared inbox", () => {
  it("hands out what comes over gaps, each once, and asks for nothing", async () => {
    const { feed, got, asked } = follow();
    feed.receive(message(3));
    feed.position(HEAD, "e", INBOX);
    for (const seq of [5, 5, 3, 40]) feed.receive(message(seq));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(got).toEqual([3, 5, 40]);
    expect(asked).toEqual([]);
    expect(feed.cursor).toBe(40);
  });

  it("fetches what had no room, before anything that came later", async () => {
    const { feed, got, asked, state } = follow(1);
    feed.position(HEAD, "e", INBOX);
    for (const seq of [3, 5, 40]) feed.receive(message(seq));
    expect(got).toEqual([3]);
    state.room = 3;
    // Here is room for it, but those before it have not been handed out.
    feed.receive(message(41));
    expect(got).toEqual([3]);
    feed.resume();
    await expect.poll(() => got).toEqual([3, 5, 40, 41]);
    state.room = Infinity;
    feed.resume();
    feed.receive(message(77));
    await expect.poll(() => got).toEqual(OWN);
    expect(asked[0]).toBe(3);
  });
});
