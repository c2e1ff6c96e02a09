import {
  HTTP,
  INTERMUD,
  JSON_RPC,
  type Mud,
  type Scenario,
  SOCKET_IO,
  TCP,
} from "@tellwire/loadgen";
import type { ProtocolChoice, ScenarioSpec } from "./scenarios.js";

/** What each choice is called, and the modules whose clients take turns. */
const CHOICES: Record<ProtocolChoice, { name: string; protocols: [string, ...string[]] }> = {
  ws: { name: "/ws", protocols: [JSON_RPC] },
  tcp: { name: "JSON-RPC over TCP", protocols: [TCP] },
  socketio: { name: "Socket.IO", protocols: [SOCKET_IO] },
  intermud: { name: "the Intermud dialect over TCP", protocols: [INTERMUD] },
  mixed: { name: "/ws, Socket.IO and TCP", protocols: [JSON_RPC, SOCKET_IO, TCP] },
};

/** More connections than this are several of each MUD: every member of a federation is known to all edges. */
const MOST_MUDS = 200;

/** Those that `tellwire demo --muds N` makes. */
const demoMuds = (count: number): Mud[] =>
  Array.from({ length: Math.min(count, MOST_MUDS) }, (_, i) => ({
    name: `demo-mud-${i + 1}`,
    apiKey: `demo-key-mud-${i + 1}`,
  }));

const choiceOf = ({ protocol = "ws" }: ScenarioSpec) => CHOICES[protocol];

export const speaksTcp = (spec: ScenarioSpec): boolean =>
  choiceOf(spec).protocols.some((protocol) => protocol === TCP || protocol === INTERMUD);

/** What the load generator plays. */
export function scenarioOf(
  spec: ScenarioSpec,
  cluster: { url: string; tcpUrl: string | undefined; apiKey: string; workers: number },
): Scenario {
  const { connections, room, size = 300, shape, returning } = spec;
  const { url, tcpUrl, apiKey, workers } = cluster;
  const { name, protocols } = choiceOf(spec);
  const [protocol, ...others] = protocols;
  return {
    target: { name, url: new URL(url).href, tcpUrl, protocol, apiKey, gapless: true },
    connections,
    roomSize: room,
    textSize: size,
    workers,
    shape,
    otherProtocols: [...others, ...(spec.httpPublishers ? [HTTP] : [])],
    returning,
    muds: protocol === INTERMUD ? demoMuds(connections) : undefined,
  };
}
