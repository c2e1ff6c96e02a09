import { WebSocket } from "ws";

interface Frame {
  id?: number;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { message: string };
}

/** As much JSON-RPC over WebSocket as one needs to see that a cluster works. */
export class JsonRpcSocket {
  private readonly listeners = new Set<(frame: Frame) => void>();
  private lastId = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      for (const listener of this.listeners) listener(frame);
    });
  }

  static open(url: string): Promise<JsonRpcSocket> {
    const socket = new WebSocket(url, { handshakeTimeout: 5_000 });
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.once("open", () => resolve(new JsonRpcSocket(socket)));
    });
  }

  /** Calls a method; rejects with the server's error, or after 10 s. */
  async call<T>(method: string, params: unknown): Promise<T> {
    const id = ++this.lastId;
    const answer = this.first((frame) => frame.id === id, `no answer to ${method}`, 10_000);
    this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    const { error, result } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  /** The params of the next notification that fits. */
  async next(
    method: string,
    fits: (params: unknown) => boolean,
    timeoutMs: number,
  ): Promise<unknown> {
    const wanted = (frame: Frame) => frame.method === method && fits(frame.params);
    return (await this.first(wanted, `no ${method} arrived`, timeoutMs)).params;
  }

  close(): void {
    this.socket.close();
  }

  private first(
    wanted: (frame: Frame) => boolean,
    complaint: string,
    timeoutMs: number,
  ): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.listeners.delete(listener);
        this.socket.off("close", onClose);
      };
      const fail = (why: string): void => {
        end();
        reject(new Error(why));
      };
      const listener = (frame: Frame): void => {
        if (!wanted(frame)) return;
        end();
        resolve(frame);
      };
      const onClose = (code: number): void =>
        fail(`${complaint}: the connection was closed with ${code}`);
      const timer = setTimeout(() => fail(`${complaint} within ${timeoutMs / 1000} s`), timeoutMs);
      this.listeners.add(listener);
      this.socket.once("close", onClose);
    });
  }
}
