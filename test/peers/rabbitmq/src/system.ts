import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "@tellwire/cluster";
import type { System } from "@tellwire/loadgen";
import {
  installDebian,
  type PeerProcess,
  startProcess,
  startServers,
} from "@tellwire/peer-support";
import { makeArchive } from "./archive.js";

const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const EPMD = "/usr/bin/epmd";
const CONFIG = join(import.meta.dirname, "../rabbitmq.conf");
const NODE = "tellwire-peer@localhost";

/**
 * One node, which uses all cores, where two edges would be: behind the same
 * nginx. It has its own folder, cookie and port mapper, and leaves a RabbitMQ
 * of the machine alone.
 */
export async function start(interrupted: AbortSignal): Promise<System> {
  installDebian({ "rabbitmq-server": SERVER });
  const cluster = await startServers(1, interrupted);
  const processes: PeerProcess[] = [];
  const stop = async (): Promise<void> => {
    // The node says goodbye to its port mapper.
    for (const each of processes.toReversed()) await each.stop();
    await cluster.stop();
  };
  try {
    // The port of a service that does not run here.
    const mapperPort = cluster.sessions[0]!.port;
    processes.push(await startPortMapper(mapperPort, interrupted));
    processes.push(await startNode(cluster, mapperPort, interrupted));
    await makeArchive(cluster.urls.http);
  } catch (error) {
    await stop();
    throw error;
  }
  const name = "RabbitMQ, STOMP";
  const url = cluster.urls.http;
  const protocol = new URL("./stomp.protocol.js", import.meta.url).href;
  return {
    targets: { rooms: { name, url, apiKey: "", protocol, gapless: false } },
    processes: {
      peer: processes.map(({ pid }) => pid),
      nginx: [cluster.nginx.pid!],
    },
    stop,
  };
}

/** In the foreground, so that it ends with us; RabbitMQ would leave one behind. */
const startPortMapper = (port: number, interrupted: AbortSignal): Promise<PeerProcess> =>
  startProcess(
    {
      name: "epmd",
      command: EPMD,
      args: ["-port", String(port), "-address", "127.0.0.1"],
      isReady: () =>
        Promise.resolve(spawnSync(EPMD, ["-port", String(port), "-names"]).status === 0),
    },
    interrupted,
  );

function startNode(
  cluster: Cluster,
  mapperPort: number,
  interrupted: AbortSignal,
): Promise<PeerProcess> {
  const folder = join(cluster.dataDir, "rabbitmq");
  mkdirSync(folder);
  const at = (path: string): string => join(folder, path);
  writeFileSync(at("enabled_plugins"), "[rabbitmq_web_stomp].\n");
  const { port } = cluster.edges[0]!;
  return startProcess(
    {
      name: "rabbitmq",
      // Its greeting goes nowhere; what is critical goes to stderr.
      command: "sh",
      args: [
        "-c",
        'exec "$@" >/dev/null',
        "sh",
        SERVER,
        "-rabbitmq_web_stomp",
        "tcp_config",
        `[{ip,"127.0.0.1"},{port,${port}}]`,
      ],
      cwd: folder,
      env: {
        HOME: folder,
        LANG: "C.UTF-8",
        ERL_EPMD_PORT: String(mapperPort),
        ERL_EPMD_ADDRESS: "127.0.0.1",
        RABBITMQ_NODENAME: NODE,
        // Of another service that does not run here.
        RABBITMQ_DIST_PORT: String(cluster.workers[0]!.port),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
        RABBITMQ_BASE: folder,
        RABBITMQ_CONF_ENV_FILE: at("none"),
        RABBITMQ_CONFIG_FILE: CONFIG,
        RABBITMQ_ADVANCED_CONFIG_FILE: at("none"),
        RABBITMQ_ENABLED_PLUGINS_FILE: at("enabled_plugins"),
        RABBITMQ_MNESIA_BASE: at("mnesia"),
        RABBITMQ_LOG_BASE: at("log"),
        RABBITMQ_LOGS: "-stderr",
        RABBITMQ_PID_FILE: at("pid"),
        // Its script then becomes the node, which a signal stops in order.
        RUNNING_UNDER_SYSTEMD: "true",
      },
      isReady: (signal) => fetch(`http://127.0.0.1:${port}/`, { signal }),
    },
    interrupted,
  );
}
