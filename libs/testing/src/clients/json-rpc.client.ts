import type { OperationName, Result, WireError } from "@tellwire/contract";
import { WebSocket } from "ws";
import { EventLog } from "./event-log.js";
import {
  Refusal,
  type Closing,
  type Credentials,
  type Session,
  type TestClient,
} from "./test-client.js";

interface Frame {
  id?: number | null;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { code: number; message: string; data: Omit<WireError, "code" | "message"> };
}

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

/** JSON-RPC 2.0 over WebSocket. */
export class JsonRpcClient implements TestClient {
  readonly protocol = "ws";
  readonly events = new EventLog();
  readonly closed: Promise<Closing>;
  session!: Session;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.on("message", (data: Buffer) => this.receive(JSON.parse(data.toString()) as Frame));
    this.closed = new Promise((resolve) =>
      socket.once("close", (code, reason) => {
        for (const { reject } of this.waiting.values()) reject(new Error(`closed: ${code}`));
        this.waiting.clear();
        resolve({ code, reason: reason.toString() });
      }),
    );
  }

  /** @throws Refusal */
  static async connect(
    url: string,
    { headers = {}, ...credentials }: Credentials,
  ): Promise<TestClient> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, { headers });
    const client = new JsonRpcClient(socket);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    socket.on("error", () => socket.terminate());
    try {
      client.session = await client.request("authenticate", credentials);
      return client;
    } catch (error) {
      socket.terminate();
      throw error;
    }
  }

  request<N extends OperationName>(method: N, params: object = {}): Promise<Result<N>> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) return reject(new Error("not connected"));
      this.waiting.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  drop(): void {
    this.socket.terminate();
  }

  private receive({ id, method, params, result, error }: Frame): void {
    if (method !== undefined) return this.events.add(method, params);
    const waiting = this.waiting.get(Number(id));
    this.waiting.delete(Number(id));
    if (error === undefined) return waiting?.resolve(result as never);
    const { code, message, data } = error;
    waiting?.reject(new Refusal({ code, message, ...data }));
  }
}
