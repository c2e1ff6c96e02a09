import { Inject } from "@nestjs/common";
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from "@nestjs/websockets";
import type { Server, Socket } from "socket.io";
import { MessageRepository } from "./message.repository.js";

export const API_KEY = Symbol("API_KEY");

interface Publish {
  topic: string;
  body: unknown;
}

interface Subscribe {
  topics: { topic: string }[];
}

/** Events and answers are named and shaped as Tellwire's, so that one load driver serves both. */
@WebSocketGateway({ transports: ["websocket"] })
export class ChatGateway implements OnGatewayInit, OnGatewayConnection {
  @WebSocketServer() private readonly server!: Server;

  constructor(
    @Inject(MessageRepository) private readonly messages: MessageRepository,
    @Inject(API_KEY) private readonly apiKey: string,
  ) {}

  afterInit(server: Server): void {
    server.use((socket, next) =>
      socket.handshake.auth.api_key === this.apiKey ? next() : next(new Error("not authenticated")),
    );
  }

  handleConnection(socket: Socket): void {
    socket.data.user = String(socket.handshake.auth.user);
  }

  @SubscribeMessage("subscribe")
  async subscribe(@ConnectedSocket() socket: Socket, @MessageBody() params: Subscribe) {
    await socket.join(params.topics.map(({ topic }) => topic));
    return { result: params.topics };
  }

  @SubscribeMessage("publish")
  async publish(@ConnectedSocket() socket: Socket, @MessageBody() params: Publish) {
    const from = socket.data.user as string;
    const { id, seq, at } = await this.messages.insert({ ...params, from });
    const { topic, body } = params;
    this.server.to(topic).emit("message", {
      id,
      topic,
      seq,
      from,
      kind: "text",
      body,
      at: at.toISOString(),
      priority: "normal",
      headers: {},
      correlation_id: null,
    });
    return { result: { id, topic, seq, at: at.toISOString(), duplicate: false } };
  }
}
