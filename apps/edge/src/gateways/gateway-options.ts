/** What every gateway is told. */
export interface GatewayOptions {
  /** Bytes of a client's frame, request body or packet. */
  maxFrame: number;
  /** Milliseconds between signs of life asked of a client. */
  pingMs: number;
  /** Operations of one connection in work at once. */
  connectionOperations: number;
  /** Whether a load balancer stands before this edge and appends the client's address to `X-Forwarded-For`. */
  behindProxy: boolean;
}
