// Rooms over /ws for Grafana k6 (v1.0 or newer): everybody publishes to a room and hears it.
//
//   k6 run -e URL=ws://127.0.0.1:8080/ws -e CONNECTIONS=100 -e RATE=1000 k6/rooms.js
//
// Each virtual user is one connection. Publishes leave at random intervals and do not
// wait for answers, and latencies count from the time at which they were due.
import exec from "k6/execution";
import { Counter, Rate, Trend } from "k6/metrics";
import { setTimeout } from "k6/timers";
import { WebSocket } from "k6/websockets";

const setting = (name, otherwise) => Number(__ENV[name] || otherwise);

const url = __ENV.URL || "ws://127.0.0.1:8080/ws";
const apiKey = __ENV.API_KEY || "demo-key-123";
const connections = setting("CONNECTIONS", 100);
const roomSize = setting("ROOM", 10);
const rate = setting("RATE", 150);
const seconds = setting("SECONDS", 30);
const size = setting("SIZE", 300);

const AUTHENTICATE = 0;
const SUBSCRIBE = 1;
const FIRST_PUBLISH = 2;
/** All users are there before the first one publishes. */
const SETTLE_MS = 5000;
/** What is under way when the last one has published may still arrive. */
const REST_MS = 3000;

const ack = new Trend("tellwire_ack", true);
const delivery = new Trend("tellwire_delivery", true);
const acknowledged = new Counter("tellwire_acknowledged");
const delivered = new Counter("tellwire_delivered");
/** Connections that could not be made, or ended before their time. */
const closed = new Counter("tellwire_closed");
const outOfOrder = new Counter("tellwire_out_of_order");
const failed = new Rate("tellwire_failed");

export const options = {
  scenarios: {
    rooms: {
      executor: "per-vu-iterations",
      vus: connections,
      iterations: 1,
      maxDuration: `${seconds + (SETTLE_MS + REST_MS) / 1000 + 30}s`,
    },
  },
  thresholds: {
    tellwire_delivery: ["p(95)<100", "p(99)<250"],
    tellwire_failed: ["rate<0.001"],
    // Without a connection nothing fails: what did not happen at all must fail as well.
    tellwire_acknowledged: ["count>0"],
    tellwire_delivered: ["count>0"],
    tellwire_closed: ["count==0"],
    tellwire_out_of_order: ["count==0"],
  },
};

/** Topics of their own for each run, so that seqs begin at 1. */
export function setup() {
  return { run: `${Date.now()}` };
}

export default function ({ run }) {
  const user = exec.vu.idInTest;
  const rooms = Math.max(1, Math.round(connections / roomSize));
  const topic = `channel:k6-${run}-${user % rooms}`;
  const dueAt = new Map();
  const began = Date.now();
  let nextId = FIRST_PUBLISH;
  let lastSeq = 0;
  let closing = false;
  let lost = false;

  const ws = new WebSocket(url);
  const request = (id, method, params) =>
    ws.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));

  const publishAt = (due) => {
    if (due > began + SETTLE_MS + seconds * 1000) {
      setTimeout(finish, REST_MS);
      return;
    }
    setTimeout(
      () => {
        if (lost) return;
        const id = nextId++;
        dueAt.set(id, due);
        request(id, "publish", { topic, body: { due, text: "x".repeat(size) } });
        publishAt(nextDue(due));
      },
      Math.max(0, due - Date.now()),
    );
  };
  const nextDue = (from) => from - Math.log(1 - Math.random()) * (connections / rate) * 1000;

  const finish = () => {
    closing = true;
    for (const _ of dueAt) failed.add(true);
    ws.close();
  };

  const answered = ({ id, error }) => {
    const due = dueAt.get(id);
    if (due === undefined) {
      if (error) {
        console.error(`refused: ${error.message}`);
        ws.close(); // By no wish of ours, so it counts.
        return;
      }
      if (id === AUTHENTICATE) request(SUBSCRIBE, "subscribe", { topics: [{ topic }] });
      if (id === SUBSCRIBE) publishAt(nextDue(began + SETTLE_MS));
      return;
    }
    dueAt.delete(id);
    failed.add(error !== undefined);
    if (error) return;
    acknowledged.add(1);
    ack.add(Date.now() - due);
  };

  const heard = ({ seq, body }) => {
    if (lastSeq > 0 && seq !== lastSeq + 1) outOfOrder.add(1);
    lastSeq = seq;
    delivered.add(1);
    delivery.add(Date.now() - body.due);
  };

  ws.onopen = () => request(AUTHENTICATE, "authenticate", { api_key: apiKey, user: `k6-${user}` });
  ws.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.method === "message") heard(frame.params);
    else if (frame.id !== undefined) answered(frame);
  };
  const end = () => {
    if (closing || lost) return;
    lost = true;
    closed.add(1);
    failed.add(true);
    for (const _ of dueAt) failed.add(true);
  };
  ws.onerror = end;
  ws.onclose = end;
}
