import type { Cluster } from "./cluster.js";

/**
 * What one needs to know to use the cluster that was just started. The client
 * needs the WebSocket that browsers and Node 24 have: `npx node`, in this tree.
 */
export function welcome(cluster: Cluster): string[] {
  const { http, ws, tcp } = cluster.urls;
  return [
    "",
    `  HTTP, Socket.IO   ${http}   (API: ${http}/api/docs)`,
    `  JSON-RPC          ${ws}, ${tcp}`,
    `  data and logs     ${cluster.dataDir}`,
    "",
    "  demo keys",
    ...cluster.demoKeys.map((key) => `    ${key.tenant.padEnd(10)}  ${key.api_key}`),
    "",
    "  send a message:",
    `    curl -s ${http}/api/messages -H 'X-API-Key: demo-key-123' -H 'X-User: alice' \\`,
    `      -H 'Content-Type: application/json' -d '{"to": "bob", "content": "hello"}'`,
    "",
    "  a client, to paste into a browser's console, or into client.mjs for npx node client.mjs:",
    `    const socket = new WebSocket("${ws}");`,
    `    const call = (id, method, params) => socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));`,
    "    socket.onmessage = ({ data }) => console.log(data);",
    "    socket.onopen = () => {",
    `      call(1, "authenticate", { api_key: "demo-key-123", user: "bob" });`,
    `      call(2, "subscribe", { topics: [{ topic: "channel:lobby", after: 0 }] });`,
    `      call(3, "publish", { topic: "channel:lobby", body: "hello, lobby" });`,
    "    };",
    "",
  ];
}
