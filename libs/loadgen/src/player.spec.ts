import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { nowMicros } from "./clock.js";
import { Player } from "./player.js";
import jsonRpc from "./protocols/json-rpc.protocol.js";
import { JSON_RPC } from "./protocols/load-protocol.js";
import type { Part } from "./scenario.js";
import { type Faults, noFaults } from "./subscription-check.js";

/** What the room does with its fifth message. */
type Fault =
  | "close"
  | "never let back"
  | "none"
  | "lose"
  | "double"
  | "swap"
  | "stray"
  | "misnumber"
  | "refuse"
  | "silence";

interface Request {
  id: number;
  method: string;
  params: { topic: string; body: { text: string } };
}

let server: WebSocketServer;

afterEach(() => {
  for (const client of server.clients) client.terminate();
  server.close();
});

/** A server of one room that speaks JSON-RPC and breaks one promise. */
async function lyingServer(fault: Fault): Promise<string> {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  let seq = 0;
  let refused = false;
  let held: string | null = null;
  let closedOne = false;
  const toAll = (text: string): void => server.clients.forEach((client) => client.send(text));
  const publish = (client: WebSocket, { id, params }: Request): void => {
    const hit = seq === 4;
    const reply = (answer: object): void => client.send(JSON.stringify({ id, ...answer }));
    if (fault === "refuse" && !refused && hit) {
      refused = true;
      reply({ error: { code: -32005, message: "overloaded" } });
      return;
    }
    seq++;
    if (!(fault === "silence" && hit)) {
      reply({ result: { seq: fault === "misnumber" && hit ? 99 : seq } });
    }
    const text = hit && fault === "stray" ? strayed(params.body.text) : params.body.text;
    const message = JSON.stringify({ method: "message", params: { seq, body: { text } } });
    if (hit && fault === "lose") return;
    if (seq === 5 && !closedOne && (fault === "close" || fault === "never let back")) {
      closedOne = true;
      [...server.clients].find((each) => each !== client)!.close(4_007);
    }
    if (hit && fault === "swap") {
      held = message;
      return;
    }
    toAll(message);
    if (hit && fault === "double") toAll(message);
    if (held !== null) toAll(held);
    held = null;
  };
  server.on("connection", (client) => {
    if (fault === "never let back" && closedOne) return client.terminate();
    client.on("message", (data) => {
      const request = JSON.parse(data.toString()) as Request;
      if (request.method === "publish") publish(client, request);
      else client.send(JSON.stringify({ id: request.id, result: {} }));
    });
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** The second number of a mark is its room. */
const strayed = (text: string): string => text.replace(/^(~tw:\d+:)\d+/, "$17");

async function play(fault: Fault, changes: Partial<Part> = {}) {
  const part: Part = {
    worker: 0,
    run: 1,
    target: {
      name: "liar",
      url: await lyingServer(fault),
      protocol: JSON_RPC,
      apiKey: "k",
      gapless: true,
    },
    textSize: 100,
    seats: [
      { user: "a", room: 0 },
      { user: "b", room: 0 },
    ],
    ...changes,
  };
  const player = new Player(part, [jsonRpc], { silence: 300_000, longest: 1_000_000 });
  expect((await player.connect(1)).failures).toEqual([]);
  const startAt = nowMicros();
  const measureTo = startAt + 300_000;
  const step = { rate: 200, seed: 1, startAt, measureFrom: startAt, measureTo };
  const acknowledged = await player.play(step);
  const stats = await player.settle({ 0: acknowledged });
  player.close();
  return stats;
}

test("an honest server gets no fault, and every message is counted", async () => {
  const { counts, faults, ack, delivery } = await play("none");
  expect(faults).toEqual(noFaults());
  expect(counts.offered).toBeGreaterThan(20);
  expect(counts.acknowledged).toBe(counts.offered);
  expect(counts.delivered).toBe(counts.offered * 2);
  expect(ack.totalCount).toBe(counts.offered);
  expect(delivery.totalCount).toBe(counts.delivered);
});

// Two subscribers see each fault, except the sender's own comparison of seqs.
test.each<[Fault, Partial<Faults>]>([
  ["lose", { missing: 2, skipped: 2 }],
  ["double", { doubled: 2, disordered: 2 }],
  ["swap", { skipped: 2, disordered: 2 }],
  ["stray", { missing: 2, skipped: 2, stray: 2 }],
  ["misnumber", { misnumbered: 1 }],
])("a server that does %s to a message is found out", async (fault, expected) => {
  const { faults } = await play(fault);
  expect(faults).toEqual({ ...noFaults(), ...expected });
});

test("a refused publish is counted by its error and owed to nobody", async () => {
  const { faults, refused, counts } = await play("refuse");
  expect(faults).toEqual(noFaults());
  expect(refused).toEqual({ "-32005 overloaded": 1 });
  expect(counts.acknowledged).toBe(counts.offered - 1);
});

test("a publish without an answer is unanswered", async () => {
  const { counts } = await play("silence");
  expect(counts.unanswered).toBe(1);
});

test("a connection that the server ends is told by its code, in every later step as well", async () => {
  const { closed, counts } = await play("close");
  expect(closed).toEqual({ 4007: 1 });
  expect(counts.held).toBe(1);
});

test("who is to return and is let in again counts as returned, and not as closed", async () => {
  const { closed, returned, counts, absence } = await play("close", { returning: true });
  expect([closed, returned]).toEqual([{}, { 4007: 1 }]);
  expect(counts).toMatchObject({ held: 2, stranded: 0 });
  expect(absence.totalCount).toBe(1);
});

test("who is never let back is stranded", async () => {
  const { counts } = await play("never let back", { returning: true });
  expect(counts).toMatchObject({ held: 1, stranded: 1 });
});

test("a storm in which nobody is let back ends all the same", async () => {
  const seats = [{ user: "a", room: 0 }];
  const target = {
    name: "liar",
    url: await lyingServer("none"),
    protocol: JSON_RPC,
    apiKey: "k",
    gapless: true,
  };
  const part: Part = { worker: 0, run: 1, target, textSize: 100, seats, returning: true };
  const player = new Player(part, [jsonRpc], { silence: 100_000, longest: 200_000 });
  await player.connect(1);
  await player.leave();
  server.on("connection", (client) => client.terminate());
  await player.comeBack(0.1);
  const { counts, comeBack } = await player.settle({});
  player.close();
  expect(counts.stranded).toBe(1);
  expect(comeBack.totalCount).toBe(0);
});
