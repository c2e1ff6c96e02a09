export { FORWARDED_OPERATIONS, SESSION_PATTERNS } from "./catalogue.js";
export { RpcClient, type RpcClientOptions } from "./rpc-client.js";
export { RpcContext } from "./rpc-context.js";
export { RpcErrorFilter } from "./rpc-error.filter.js";
export { RpcServer } from "./rpc-server.js";
