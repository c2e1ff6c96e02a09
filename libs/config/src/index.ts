export { ConfigError, loadConfig } from "./load-config.js";
export {
  databaseConfig,
  flag,
  intermudConfig,
  redisConfig,
  serviceConfig,
  whole,
  type DatabaseConfig,
  type IntermudConfig,
  type RedisConfig,
  type ServiceConfig,
} from "./fragments.js";
