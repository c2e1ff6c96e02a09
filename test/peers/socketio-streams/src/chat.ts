import type { Server, Socket } from "socket.io";
import type { MessageRepository } from "./message.repository.js";

type Reply = (answer: unknown) => void;

/** Events and answers are named and shaped as Tellwire's, so that one load driver serves both. */
export function serveChat(server: Server, messages: MessageRepository, apiKey: string): void {
  server.use((socket, next) =>
    socket.handshake.auth.api_key === apiKey ? next() : next(new Error("not authenticated")),
  );
  server.on("connection", (socket) => {
    socket.data.user ??= String(socket.handshake.auth.user);
    socket.on("subscribe", (params: { topics: { topic: string }[] }, reply: Reply) => {
      void subscribe(socket, params.topics, reply);
    });
    socket.on("publish", (params: { topic: string; body: unknown }, reply: Reply) => {
      publish(server, messages, socket, params)
        .then(reply)
        .catch((error: Error) => reply({ error: { name: "failed", message: error.message } }));
    });
  });
}

async function subscribe(socket: Socket, topics: { topic: string }[], reply: Reply): Promise<void> {
  await socket.join(topics.map(({ topic }) => topic));
  reply({ result: topics });
}

async function publish(
  server: Server,
  messages: MessageRepository,
  socket: Socket,
  { topic, body }: { topic: string; body: unknown },
): Promise<unknown> {
  const from = socket.data.user as string;
  const { id, seq, at } = await messages.insert(topic, from, body);
  server.to(topic).emit("message", {
    id,
    topic,
    seq,
    from,
    kind: "text",
    body,
    at,
    priority: "normal",
    headers: {},
    correlation_id: null,
  });
  return { result: { id, topic, seq, at, duplicate: false } };
}
