export { TellwireClient } from "./client.js";
export { TellwireHttp, type HttpSubscribeOptions } from "./http.js";
export type { HttpOptions } from "./http-requests.js";
export type { AuthOptions, ClientOptions, ServerOptions } from "./options.js";
export { Subscription, type SubscribeOptions } from "./subscription.js";
export {
  ClientClosedError,
  ConnectionLostError,
  RequestError,
  RequestTimeoutError,
} from "./errors.js";
export type {
  ClientEvents,
  CommittedAck,
  ConnectionState,
  HistoryOptions,
  HistoryPage,
  Message,
  Priority,
  PublishAck,
  PublishOptions,
  ScheduledAck,
  SentAck,
  Session,
  Timestamp,
  WireError,
} from "./types.js";
export type { WebSocketConstructor, WebSocketLike } from "./websocket.link.js";
