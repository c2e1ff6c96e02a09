import { parseArgs } from "node:util";
import type { ProcessGroups, Scenario } from "@tellwire/loadgen";
import { availableParallelism } from "node:os";
import { LEAST_SOAK_SECONDS } from "./play-soak.js";
import { scenarioOf, speaksTcp } from "./scenario-of.js";
import { PROTOCOLS, type ProtocolChoice, SCENARIOS, type ScenarioSpec } from "./scenarios.js";

/** Bytes of a message in the Intermud-3 gateway's dialect. */
const MOST_SAID = 2_048;

export const USAGE = `npm run load -- list
npm run load -- SCENARIO [options]

  --url URL                  another cluster than the one of npm start
  --tcp-url URL              tcp://HOST:PORT of JSON-RPC over TCP, for tcp, mixed and intermud
  --api-key KEY              (demo-key-123)
  --connections N  --rate N  --room N  --size BYTES
  --seconds N  --minutes N   how long it is measured; of each stage with climb and stress
  --warm-up N                seconds before each phase that do not count  (2; soak 180)
  --protocol ws|tcp|socketio|mixed|intermud
  --repeat N                 plays it so often, and tells the median of each figure
  --missed N  --within N     reconnect-storm: messages each misses (100), seconds to return (5)
  --workers N                generator processes  (one less than there are cores)
  --pids NAME=PID,PID        report CPU and memory of these processes and their children; repeatable
  --disturb COMMAND          what rolling-restart and rolling-update run, to restart $SERVICES
  --prepare COMMAND          what makes the $MUDS MUDs of intermud  (see the README)
  --out FOLDER               where reports and baselines go  (.data/load)
  --save-baseline            later runs of this scenario are compared with this one
`;

export interface Options {
  name: string;
  spec: ScenarioSpec;
  scenario: Scenario;
  warmUpSeconds: number;
  missed: number;
  withinSeconds: number;
  processes: ProcessGroups;
  disturb: string | undefined;
  prepare: string | undefined;
  out: string;
  saveBaseline: boolean;
  repeat: number;
  /** Only whether the arguments make sense is asked for. */
  check: boolean;
}

/** Null: only the list, or help, was asked for. @throws if an option is unknown or its value makes no sense */
export function readOptions(args: string[]): Options | null {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      url: { type: "string" },
      "tcp-url": { type: "string" },
      "api-key": { type: "string", default: "demo-key-123" },
      connections: { type: "string" },
      rate: { type: "string" },
      room: { type: "string" },
      size: { type: "string" },
      seconds: { type: "string" },
      minutes: { type: "string" },
      "warm-up": { type: "string" },
      protocol: { type: "string" },
      missed: { type: "string", default: "100" },
      within: { type: "string", default: "5" },
      workers: { type: "string" },
      pids: { type: "string", multiple: true, default: [] },
      disturb: { type: "string" },
      prepare: { type: "string" },
      repeat: { type: "string", default: "1" },
      check: { type: "boolean", default: false },
      out: { type: "string", default: ".data/load" },
      "save-baseline": { type: "boolean", default: false },
    },
  });
  const [name, ...surplus] = positionals;
  if (values.help || name === undefined || name === "list") return null;
  if (surplus.length > 0) throw new Error(`what is "${surplus.join(" ")}"?`);
  const known = SCENARIOS[name];
  if (!known) throw new Error(`no scenario is called ${name}: npm run load -- list`);
  const { url = values.check ? "http://localhost" : undefined } = values;
  if (!url) throw new Error("--url is missing");
  const tcpUrl = values["tcp-url"] && readTcpUrl(values["tcp-url"]);
  const number = (option: "rate" | "seconds", otherwise: number) =>
    values[option] === undefined ? otherwise : positive(option, values[option]);
  const count = (option: "connections" | "room" | "size" | "workers", otherwise: number) =>
    values[option] === undefined ? otherwise : whole(option, values[option]);
  const minutes = values.minutes && positive("minutes", values.minutes) * 60;
  const spec: ScenarioSpec = {
    ...known,
    connections: count("connections", known.connections),
    rate: number("rate", known.rate),
    room: count("room", known.room),
    size: count("size", known.size ?? 300),
    seconds: minutes || number("seconds", known.seconds),
    protocol: readProtocol(values.protocol ?? known.protocol ?? "ws"),
  };
  if (spec.protocol === "socketio") spec.targets = { ...spec.targets, ...spec.socketIoTargets };
  if (speaksTcp(spec) && !tcpUrl && !values.check) throw new Error("--tcp-url is missing");
  refuseSenseless(spec);
  if (spec.phases?.some(({ disturbed }) => disturbed) && !values.disturb && !values.check) {
    throw new Error(`${name} needs --disturb, the command that disturbs the cluster`);
  }
  const workers = count("workers", Math.max(1, availableParallelism() - 1));
  return {
    name,
    spec,
    scenario: scenarioOf(spec, { url, tcpUrl, apiKey: values["api-key"], workers }),
    warmUpSeconds: readWarmUp(values["warm-up"], known),
    missed: whole("missed", values.missed),
    withinSeconds: positive("within", values.within),
    processes: Object.fromEntries(values.pids.map(readGroup)),
    disturb: values.disturb,
    prepare: values.prepare,
    out: values.out,
    saveBaseline: values["save-baseline"],
    repeat: whole("repeat", values.repeat),
    check: values.check,
  };
}

/** @throws if nobody would publish, or nobody hear, or too little be seen */
function refuseSenseless(spec: ScenarioSpec): void {
  const { shape, kind, connections, room, seconds, protocol, size = 0 } = spec;
  if ((shape === "inboxes" || shape === "tells") && connections < 2) {
    throw new Error("--connections: nobody writes to himself, so there must be two");
  }
  const isIntermud = protocol === "intermud";
  if (shape === "tells" && !isIntermud) {
    throw new Error("--protocol: tells are told by MUDs, who speak intermud");
  }
  if (isIntermud && (shape === "inboxes" || spec.returning)) {
    throw new Error("--protocol: MUDs have no users' inboxes, and no cursors to return from");
  }
  if (isIntermud && size > MOST_SAID) {
    throw new Error(`--size: in intermud nothing longer than ${MOST_SAID} bytes is said`);
  }
  if (shape === "fan-in" && connections <= room) {
    throw new Error(`--connections: ${room} of them subscribe (--room), and others must publish`);
  }
  if (kind === "soak" && seconds < LEAST_SOAK_SECONDS) {
    throw new Error(`--seconds: in less than ${LEAST_SOAK_SECONDS} nothing can be told of growth`);
  }
}

function readWarmUp(text: string | undefined, { warmUpSeconds = 2 }: ScenarioSpec): number {
  if (text === undefined) return warmUpSeconds;
  return text === "0" ? 0 : positive("warm-up", text);
}

function readProtocol(text: string): ProtocolChoice {
  const known = PROTOCOLS.find((protocol) => protocol === text);
  if (!known) throw new Error(`--protocol: ${text} is none of ${PROTOCOLS.join(", ")}`);
  return known;
}

function readTcpUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === "tcp:" && url.port !== "") return text;
  throw new Error(`--tcp-url: ${text} is not tcp://HOST:PORT`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new Error(`--${name}: ${text} is not a number above zero`);
  }
  return value;
}

function whole(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isSafeInteger(value)) throw new Error(`--${name}: ${text} is not a whole number`);
  return value;
}

function readGroup(text: string): [string, number[]] {
  const [name, pids] = text.split("=");
  if (!name || !pids) throw new Error(`--pids: ${text} is not NAME=PID,PID`);
  return [name, pids.split(",").map((pid) => whole("pids", pid))];
}

const durationOf = ({ kind, seconds }: ScenarioSpec): string =>
  kind === "climb" || kind === "stress" ? `${seconds} s a stage` : `${seconds} s`;

/** Every scenario with what it does unless told otherwise, a line each. */
export function listOf(scenarios: Readonly<Record<string, ScenarioSpec>>): string {
  const rows = Object.entries(scenarios).map(([name, spec]) => [
    name,
    String(spec.connections),
    spec.rate > 0 ? `${spec.rate}/s` : "–",
    durationOf(spec),
    spec.title,
  ]);
  const all = [["scenario", "connections", "rate", "measured", ""], ...rows];
  const widths = all[0]!.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  const line = (row: string[]): string =>
    row
      .map((cell, i) => (i === 1 || i === 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ");
  return all.map((row) => `  ${line(row).trimEnd()}`).join("\n");
}
