export { ConfigError, loadConfig } from "./load-config.js";
export {
  databaseConfig,
  flag,
  redisConfig,
  serviceConfig,
  whole,
  type DatabaseConfig,
  type RedisConfig,
  type ServiceConfig,
} from "./fragments.js";
