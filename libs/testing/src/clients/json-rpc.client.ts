import type { OperationName, Result, WireError } from "@tellwire/contract";
import { EventLog } from "./event-log.js";
import type { JsonRpcLink } from "./json-rpc.link.js";
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

/** JSON-RPC 2.0. */
export class JsonRpcClient implements TestClient {
  readonly events = new EventLog();
  readonly closed: Promise<Closing>;
  session!: Session;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  private constructor(
    readonly protocol: "ws" | "tcp",
    private readonly link: JsonRpcLink,
  ) {
    link.onText((text) => this.receive(JSON.parse(text) as Frame));
    this.closed = link.closed.then((closing) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`closed: ${closing.code}`));
      this.waiting.clear();
      return closing;
    });
  }

  /** @throws Refusal */
  static async connect(
    protocol: "ws" | "tcp",
    link: JsonRpcLink,
    credentials: Credentials,
  ): Promise<TestClient> {
    const client = new JsonRpcClient(protocol, link);
    try {
      client.session = await client.request("authenticate", credentials);
      return client;
    } catch (error) {
      link.drop();
      throw error;
    }
  }

  request<N extends OperationName>(method: N, params: object = {}): Promise<Result<N>> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      if (!this.link.open) return reject(new Error("not connected"));
      this.waiting.set(id, { resolve, reject });
      this.link.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  drop(): void {
    this.link.drop();
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
