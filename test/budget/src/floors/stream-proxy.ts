import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "@tellwire/peer-support";

const MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/**
 * The floor of the load balancer: nginx's `stream` proxy, which passes the same
 * bytes on and looks into none of them. As many workers as before the edges.
 */
export async function startStreamProxy(
  to: number,
  interrupted: AbortSignal,
): Promise<{ pid: number; port: number; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "tellwire-stream-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const port = await freePort();
    const file = join(folder, "nginx.conf");
    writeFileSync(file, config(port, to));
    const spec = {
      name: "nginx",
      command: "nginx",
      args: ["-p", folder, "-c", file, "-e", "stderr"],
      env: { PATH: `${process.env.PATH}:/usr/sbin` },
      isReady: () => connects(port),
    };
    const nginx = await startProcess(spec, interrupted);
    return { pid: nginx.pid, port, stop: () => nginx.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
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

async function connects(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } finally {
    socket.destroy();
  }
}
