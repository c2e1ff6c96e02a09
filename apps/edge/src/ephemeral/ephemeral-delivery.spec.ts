import { describe, expect, it } from "vitest";
import { EphemeralDelivery, type TopicReceivers } from "./ephemeral-delivery.js";

const codec = {
  name: "ws" as const,
  encodeEvent: (name: string, params: string) => Buffer.from(`${name} ${params}`),
};

function receiver(user: string, closed = false) {
  const received: string[] = [];
  const connection = {
    identity: { user } as never,
    closed,
    wire: { codec },
    sendEphemeral: (frame: Buffer) => void received.push(frame.toString()),
  };
  return { connection, received };
}

describe("EphemeralDelivery", () => {
  const [live, catching, gone, admin] = [
    receiver("alice@acme"),
    receiver("alice@acme"),
    receiver("alice@acme", true),
    receiver("root@acme"),
  ];
  const topics = new Map<string, TopicReceivers>([
    ["channel:lobby@acme", { live: [live, gone], catching: [catching] }],
    ["user:alice@acme", { live: [live, admin], catching: [] }],
  ]);
  const delivery = new EphemeralDelivery(topics);

  it("hands messages to every subscriber of exactly that topic", () => {
    delivery.onEvent({ name: "ephemeral", about: "channel:lobby@acme", params: "1" });
    delivery.onEvent({ name: "ephemeral", about: "channel:lobby@other", params: "2" });
    expect(live.received.splice(0)).toEqual(["ephemeral 1"]);
    expect(catching.received).toEqual(["ephemeral 1"]);
    expect(gone.received).toEqual([]);
  });

  it("hands what is to one user of a shared inbox to that one and to the tenant", () => {
    const [whole, alice, bob] = [undefined, "alice@mud", "bob@mud"].map((user) =>
      Object.assign(receiver(user ?? "@mud"), user && { to: `user:${user}` }),
    );
    const inbox = new Map([["inbox@mud", { live: [whole!, alice!, bob!], catching: [] }]]);
    const shared = new EphemeralDelivery(inbox);
    const about = "inbox@mud";
    shared.onEvent({ name: "ephemeral", about, params: "1", to: "user:bob@mud" });
    shared.onEvent({ name: "ephemeral", about, params: "2" });
    shared.onEvent({ name: "receipt", about: "alice@mud", params: "3" });
    expect([whole, alice, bob].map((one) => one!.received)).toEqual([
      ["ephemeral 1", "ephemeral 2"],
      ["receipt 3"],
      ["ephemeral 1"],
    ]);
  });

  it("hands receipts to the user they are for, and presence to nobody", () => {
    delivery.onEvent({ name: "receipt", about: "alice@acme", params: "3" });
    delivery.onEvent({ name: "receipt", about: "alice@other", params: "4" });
    delivery.onEvent({ name: "presence", about: "alice@acme", params: "5" });
    expect(live.received).toEqual(["receipt 3"]);
    expect(admin.received).toEqual([]);
  });
});
