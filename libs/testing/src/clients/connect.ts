import { HttpClient } from "./http.client.js";
import { JsonRpcClient } from "./json-rpc.client.js";
import { SocketioClient } from "./socketio.client.js";
import type { Credentials, Protocol, TestClient } from "./test-client.js";

/**
 * Connects and authenticates.
 * @param url of an edge, or of the load balancer: `http://127.0.0.1:8080`
 * @throws Refusal the server's error
 */
export function connect(
  protocol: Protocol,
  url: string,
  credentials: Credentials,
): Promise<TestClient> {
  switch (protocol) {
    case "ws":
      return JsonRpcClient.connect(url, credentials);
    case "http":
      return HttpClient.connect(url, credentials);
    case "socketio":
    case "polling":
      return SocketioClient.connect(protocol, url, credentials);
  }
}
