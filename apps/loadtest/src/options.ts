import { parseArgs } from "node:util";
import {
  JSON_RPC,
  type ProcessGroups,
  type Scenario,
  SOCKET_IO,
  type Step,
  type Target,
} from "@tellwire/loadgen";

export const USAGE = `npm run load -- --url http://127.0.0.1:8080 [options]

  --target ws|socketio|peer  Tellwire on /ws or by Socket.IO, or the hand-written peer  (ws)
  --api-key KEY              (demo-key-123)
  --connections N            (100)
  --room N                   connections in a room  (10)
  --size N                   bytes of text in a message  (300)
  --rate N                   publishes a second; without it the rate climbs until p99 passes 250 ms
  --warm-up N  --seconds N   of each step  (2, 6)
  --workers N                generator processes  (1)
  --pids NAME=PID,PID        report the CPU of these processes and their children; repeatable
`;

export interface Options {
  scenario: Scenario;
  timing: Omit<Step, "rate">;
  /** Null: climb. */
  rate: number | null;
  processes: ProcessGroups;
}

const TARGETS: Record<string, Omit<Target, "url" | "apiKey">> = {
  ws: { name: "Tellwire /ws", protocol: JSON_RPC, gapless: true },
  socketio: { name: "Tellwire Socket.IO", protocol: SOCKET_IO, gapless: true },
  peer: { name: "hand-written peer", protocol: SOCKET_IO, gapless: false },
};

/** @throws if an option is unknown or its value makes no sense */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      url: { type: "string" },
      target: { type: "string", default: "ws" },
      "api-key": { type: "string", default: "demo-key-123" },
      connections: { type: "string", default: "100" },
      room: { type: "string", default: "10" },
      size: { type: "string", default: "300" },
      rate: { type: "string" },
      "warm-up": { type: "string", default: "2" },
      seconds: { type: "string", default: "6" },
      workers: { type: "string", default: "1" },
      pids: { type: "string", multiple: true, default: [] },
    },
  });
  const kind = TARGETS[values.target];
  if (!kind) throw new Error(`--target: ${values.target} is none of ${Object.keys(TARGETS)}`);
  if (!values.url) throw new Error("--url is missing");
  return {
    scenario: {
      target: { ...kind, url: new URL(values.url).href, apiKey: values["api-key"] },
      connections: positive("connections", values.connections),
      roomSize: positive("room", values.room),
      textSize: positive("size", values.size),
      workers: positive("workers", values.workers),
    },
    timing: {
      warmUpSeconds: positive("warm-up", values["warm-up"]),
      measureSeconds: positive("seconds", values.seconds),
    },
    rate: values.rate === undefined ? null : positive("rate", values.rate),
    processes: Object.fromEntries(values.pids.map(readGroup)),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name}: ${text} is not a number above zero`);
  return value;
}

function readGroup(text: string): [string, number[]] {
  const [name, pids] = text.split("=");
  if (!name || !pids) throw new Error(`--pids: ${text} is not NAME=PID,PID`);
  return [name, pids.split(",").map((pid) => positive("pids", pid))];
}
