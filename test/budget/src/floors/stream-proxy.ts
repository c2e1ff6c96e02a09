import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";
const START_MS = 5_000;

/**
 * The floor of the load balancer: nginx's `stream` proxy, which passes the same
 * bytes on and looks into none of them. As many workers as before the edges.
 */
export async function startStreamProxy(
  to: number,
): Promise<{ pid: number; port: number; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "tellwire-stream-"));
  const port = await freePort();
  writeFileSync(join(folder, "nginx.conf"), config(port, to));
  const nginx = ["nginx", "-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"];
  const child = spawn("setpriv", ["--pdeathsig", "TERM", "--", ...nginx], {
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit");
  await untilConnects(port);
  return {
    pid: child.pid!,
    port,
    async stop() {
      child.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Debian builds the module apart; elsewhere it may be part of nginx. */
const config = (port: number, to: number): string => `
${existsSync(MODULE) ? `load_module ${MODULE};` : ""}
${process.getuid?.() === 0 ? "user www-data;" : ""}
daemon off;
pid nginx.pid;
worker_processes 2;
error_log stderr warn;
events { worker_connections 16384; multi_accept on; }
stream {
  tcp_nodelay on;
  server {
    listen 127.0.0.1:${port} reuseport backlog=4096;
    proxy_pass 127.0.0.1:${to};
    proxy_timeout 1h;
  }
}
`;

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function untilConnects(port: number): Promise<void> {
  for (const until = Date.now() + START_MS; ; await delay(50)) {
    const socket = connect({ port, host: "127.0.0.1" });
    try {
      await once(socket, "connect");
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    } finally {
      socket.destroy();
    }
  }
}
