export { eventually } from "./eventually.js";
export { connect } from "./clients/connect.js";
export { tcpLink, webSocketLink, type JsonRpcLink } from "./clients/json-rpc.link.js";
export { EventLog } from "./clients/event-log.js";
export { EventStream } from "./clients/event-stream.js";
export { credentialHeaders, httpRequest, type HttpAnswer } from "./clients/http-request.js";
export { publish, subscribe, type Committed, type Joined } from "./clients/requests.js";
export {
  PROTOCOLS,
  Refusal,
  type Closing,
  type Credentials,
  type Protocol,
  type Session,
  type TestClient,
} from "./clients/test-client.js";
export { Mud, type MudOptions, type Packet } from "./intermud/mud.js";
export {
  startTestCluster,
  TestCluster,
  type NewKeyOptions,
  type TestKey,
  type TestTenant,
} from "./test-cluster.js";
export { lpcText, mudmodeFrame, readLpc, type Lpc } from "./intermud/lpc.js";
export { RouterPeer } from "./intermud/router-peer.js";
