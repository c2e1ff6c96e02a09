import { HTTP, JSON_RPC, type Scenario, SOCKET_IO, TCP } from "@tellwire/loadgen";
import type { ProtocolChoice, ScenarioSpec } from "./scenarios.js";

/** What each choice is called, and the modules whose clients take turns. */
const CHOICES: Record<ProtocolChoice, { name: string; protocols: [string, ...string[]] }> = {
  ws: { name: "/ws", protocols: [JSON_RPC] },
  tcp: { name: "JSON-RPC over TCP", protocols: [TCP] },
  socketio: { name: "Socket.IO", protocols: [SOCKET_IO] },
  mixed: { name: "/ws, Socket.IO and TCP", protocols: [JSON_RPC, SOCKET_IO, TCP] },
};

const choiceOf = ({ protocol = "ws" }: ScenarioSpec) => CHOICES[protocol];

export const speaksTcp = (spec: ScenarioSpec): boolean => choiceOf(spec).protocols.includes(TCP);

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
  };
}
