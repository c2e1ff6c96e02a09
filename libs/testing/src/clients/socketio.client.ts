import type { OperationName, Result, WireError } from "@tellwire/contract";
import { io, type Socket } from "socket.io-client";
import { EventLog } from "./event-log.js";
import {
  Refusal,
  type Closing,
  type Credentials,
  type Session,
  type TestClient,
} from "./test-client.js";

type Answer = { result: unknown } | { error: WireError };

/** Socket.IO over one transport: without the other it neither upgrades nor falls back. */
export class SocketioClient implements TestClient {
  readonly events = new EventLog();
  readonly closed: Promise<Closing>;
  session!: Session;

  private constructor(
    readonly protocol: "socketio" | "polling",
    private readonly socket: Socket,
  ) {
    socket.onAny((name: string, params: unknown) => this.events.add(name, params));
    this.closed = new Promise((resolve) =>
      socket.once("disconnect", (reason) => resolve(this.closing(reason))),
    );
  }

  /** @throws Refusal */
  static async connect(
    protocol: "socketio" | "polling",
    url: string,
    { headers = {}, ...auth }: Credentials,
  ): Promise<TestClient> {
    const socket = io(url, {
      auth,
      transports: [protocol === "polling" ? "polling" : "websocket"],
      extraHeaders: headers,
      forceNew: true,
      reconnection: false,
    });
    const client = new SocketioClient(protocol, socket);
    client.session = await new Promise((resolve, reject) => {
      socket.once("authenticated", resolve);
      socket.once("connect_error", (error: Error & { data?: WireError }) => {
        socket.disconnect();
        reject(error.data === undefined ? error : new Refusal(error.data));
      });
    });
    return client;
  }

  request<N extends OperationName>(operation: N, params: object = {}): Promise<Result<N>> {
    return new Promise((resolve, reject) => {
      if (!this.socket.connected) return reject(new Error("not connected"));
      void this.closed.then(({ reason }) => reject(new Error(`closed: ${reason}`)));
      this.socket.emit(operation, params, (answer: Answer) => {
        if ("error" in answer) reject(new Refusal(answer.error));
        else resolve(answer.result as Result<N>);
      });
    });
  }

  drop(): void {
    this.socket.io.engine.close();
  }

  /** The server says why in its last event, as the protocol has no codes. */
  private closing(reason: string): Closing {
    const last = this.events.all.findLast(({ name }) => name === "close");
    const said = last?.params as { code: number; reason: string } | undefined;
    return { code: said?.code ?? null, reason: said?.reason ?? reason };
  }
}
