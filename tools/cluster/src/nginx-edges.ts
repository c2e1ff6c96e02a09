/** Where nginx finds an edge. Its name is what its Socket.IO session ids begin with. */
export interface EdgeAddress {
  name: string;
  port: number;
  /** Of JSON-RPC over TCP. */
  tcpPort: number;
  /** For MUDs, who speak Intermud-3. */
  mudPort: number;
}

/**
 * The part of nginx's configuration that lists the edges: one upstream of all of
 * them, one of each, and a map from a session id to the edge that made it. Only
 * names listed here are ever mapped, so a crafted id reaches nothing else.
 */
export function edgesConfig(edges: EdgeAddress[]): string {
  // An edge that refuses costs microseconds on the same machine: it is asked every
  // time, so that it serves again the moment it is back.
  const servers = edges.map((edge) => `  server 127.0.0.1:${edge.port} max_fails=0;`);
  return [
    "upstream edges {",
    "  least_conn;",
    // nginx refuses an empty upstream.
    ...(servers.length > 0 ? servers : ["  server 127.0.0.1:1 down;"]),
    "  keepalive 64;",
    "}",
    ...edges.flatMap((edge) => [
      `upstream ${upstreamOf(edge)} {`,
      `  server 127.0.0.1:${edge.port} max_fails=0;`,
      "  keepalive 64;",
      "}",
    ]),
    "map $request_method $any_edge {",
    "  default edges;",
    "}",
    "map $arg_sid $sid_upstream {",
    "  default edges;",
    ...edges.map((edge) => `  "~^${escapeRegExp(edge.name)}\\." ${upstreamOf(edge)};`),
    "}",
    "",
  ].join("\n");
}

/** The part of nginx's configuration about what is no HTTP. */
export function streamsConfig(
  edges: EdgeAddress[],
  listen: Pick<EdgeAddress, "tcpPort" | "mudPort">,
): string {
  return [
    ...stream(
      "json_rpc_edges",
      edges.map(({ tcpPort }) => tcpPort),
      listen.tcpPort,
    ),
    ...stream(
      "mudmode_edges",
      edges.map(({ mudPort }) => mudPort),
      listen.mudPort,
    ),
    "",
  ].join("\n");
}

function stream(name: string, ports: number[], port: number): string[] {
  const servers = ports.map((each) => `  server 127.0.0.1:${each} max_fails=0;`);
  return [
    `upstream ${name} {`,
    "  least_conn;",
    ...(servers.length > 0 ? servers : ["  server 127.0.0.1:1 down;"]),
    "}",
    "server {",
    `  listen 127.0.0.1:${port} reuseport backlog=4096 so_keepalive=on;`,
    `  proxy_pass ${name};`,
    "}",
  ];
}

function upstreamOf(edge: EdgeAddress): string {
  return `edge_${edge.name.replaceAll(/\W/g, "_")}`;
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[^\w-]/g, "\\$&");
}
