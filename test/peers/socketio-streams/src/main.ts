import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { Pool } from "pg";
import { Server } from "socket.io";
import { serveChat } from "./chat.js";
import { MessageRepository } from "./message.repository.js";

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const RECOVERABLE_FOR_MS = 2 * 60_000;

const messages = new MessageRepository(
  new Pool({ connectionString: required("PEER_DATABASE_URL") }),
);

const redis = new Redis(required("PEER_REDIS_URL"));
const http = createServer((_request, response) => response.writeHead(404).end());
const server = new Server(http, {
  transports: ["websocket"],
  connectionStateRecovery: { maxDisconnectionDuration: RECOVERABLE_FOR_MS },
  // Bodies are JSON: the adapter need not look for buffers in them.
  adapter: createAdapter(redis, { onlyPlaintext: true }),
});
serveChat(server, messages, required("PEER_API_KEY"));
http.listen(Number(required("PEER_PORT")), "127.0.0.1");
