export { batch, type Command } from "./batch.js";
export { RedisConnection, RedisUnsuitable, waitReady, type RedisClient } from "./connect-redis.js";
export { MasterWatch } from "./master-watch.js";
export { isUnknown, Script } from "./script.js";
