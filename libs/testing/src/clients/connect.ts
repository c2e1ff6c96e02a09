import { HttpClient } from "./http.client.js";
import { JsonRpcClient } from "./json-rpc.client.js";
import { tcpLink, webSocketLink, type JsonRpcLink } from "./json-rpc.link.js";
import { SocketioClient } from "./socketio.client.js";
import type { Credentials, Protocol, TestClient } from "./test-client.js";

/**
 * Connects and authenticates.
 * @param url of an edge, or of the load balancer: `http://127.0.0.1:8080`, or `tcp://127.0.0.1:8081`
 * @throws Refusal the server's error
 */
export async function connect(
  protocol: Protocol,
  url: string,
  credentials: Credentials,
): Promise<TestClient> {
  switch (protocol) {
    case "ws":
      return jsonRpc(protocol, await webSocketLink(url, credentials.headers ?? {}), credentials);
    case "tcp":
      return jsonRpc(protocol, await tcpLink(url), credentials);
    case "http":
      return HttpClient.connect(url, credentials);
    case "socketio":
    case "polling":
      return SocketioClient.connect(protocol, url, credentials);
  }
}

const jsonRpc = (
  protocol: "ws" | "tcp",
  link: JsonRpcLink,
  { headers: _headers, ...credentials }: Credentials,
): Promise<TestClient> => JsonRpcClient.connect(protocol, link, credentials);
