import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import { Redis } from "ioredis";
import { Pool } from "pg";
import { AppModule } from "./app.module.js";
import { readConfig } from "./config.js";
import { RedisIoAdapter } from "./redis-io.adapter.js";

const config = readConfig();
const pool = new Pool({ connectionString: config.databaseUrl });
const app = await NestFactory.create<NestFastifyApplication>(
  AppModule.with(pool, config.apiKey),
  new FastifyAdapter(),
  { logger: ["error", "warn"] },
);
const publisher = new Redis(config.redisUrl);
app.useWebSocketAdapter(new RedisIoAdapter(app, publisher, publisher.duplicate()));
app.enableShutdownHooks();
await app.listen(config.port, "127.0.0.1");
