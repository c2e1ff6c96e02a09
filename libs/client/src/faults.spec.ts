import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clientOf, collector, inOrder, TRANSPORTS } from "./client.fixture.js";
import { FaultPeer } from "./fault-peer.fixture.js";
import type { ClientOptions } from "./options.js";
import type { Fault, Faults } from "./peer-session.fixture.js";

const TOPIC = "channel:lobby@acme";

/**
 * One user publishes, another subscribes from the beginning, and things go wrong.
 * Every message has to be in the log once, in the sender's order, and with the
 * subscriber once, in the log's order.
 */
async function converse(
  peer: FaultPeer,
  transport: Partial<ClientOptions>,
  faults: Faults,
  count: number,
): Promise<void> {
  const [alice, bob] = ["alice", "bob"].map((user) => clientOf(peer, user, transport));
  const { got, onMessage } = collector();
  try {
    peer.faults = faults;
    const subscribed = Promise.all([alice!.connect(), bob!.connect()]).then(() =>
      bob!.subscribe(TOPIC, { after: 0, onMessage }),
    );
    const acks = Promise.all(
      Array.from({ length: count }, (_, i) => alice!.publish(TOPIC, `m${i + 1}`)),
    );
    const seqs = (await acks).map((ack) => ack.seq);
    await subscribed;
    // A last message that is lost on the way shows with the next one.
    peer.faults = () => "none";
    await alice!.publish(TOPIC, `m${count + 1}`);
    const all = inOrder(count + 1);
    await vi.waitFor(() => expect(got.length).toBeGreaterThanOrEqual(count + 1), {
      timeout: 5_000,
      interval: 2,
    });
    expect(got).toEqual(all);
    expect(peer.log.all(TOPIC).map((m) => `${m.seq}:${String(m.body)}`)).toEqual(all);
    expect(seqs).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  } finally {
    await Promise.all([alice!.close({ timeoutMs: 0 }), bob!.close({ timeoutMs: 0 })]);
  }
}

describe.each(TRANSPORTS)("faults over %s", (_name, transport) => {
  let peer: FaultPeer;
  beforeEach(async () => {
    peer = await FaultPeer.start();
  });
  afterEach(() => peer.stop());

  const inAFreshPeer = async (faults: Faults): Promise<void> => {
    const fresh = await FaultPeer.start();
    try {
      await converse(fresh, transport, faults, 6);
    } finally {
      await fresh.stop();
    }
  };

  it.each(["drop", "lose", "double", "hold", "refuse"] as const)(
    "%s at every point of a conversation",
    async (fault) => {
      const points: string[] = [];
      await converse(peer, transport, (point) => (points.push(point), "none"), 6);
      expect(points.length).toBeGreaterThan(20);
      for (let at = 0; at < points.length; at++) {
        let n = 0;
        await inAFreshPeer(() => (n++ === at ? fault : "none"));
      }
    },
    60_000,
  );

  it("any mixture of faults, anywhere", async () => {
    const faults = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constant<Fault>("none") },
        {
          weight: 2,
          arbitrary: fc.constantFrom<Fault>("drop", "lose", "double", "hold", "refuse"),
        },
      ),
      { maxLength: 60 },
    );
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(faults, async (plan) => {
        let n = 0;
        await inAFreshPeer(() => plan[n++] ?? "none");
      }),
      { numRuns: 25, endOnFailure: true },
    );
  }, 120_000);
});
