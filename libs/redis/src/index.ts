export { batch, type Command } from "./batch.js";
export {
  parseInfo,
  RedisConnection,
  RedisUnsuitable,
  waitReady,
  type RedisClient,
} from "./connect-redis.js";
export { isUnknown, Script } from "./script.js";
