/** A server's event. */
export interface Push {
  method: string;
  params: { topic: string; seq: number; id: string };
}

interface Reply {
  id: number;
  result?: unknown;
  error?: { data: { name: string; temporary: boolean } };
}

interface Waiting {
  resolve(result: never): void;
  reject(error: object): void;
}

/** JSON-RPC over one WebSocket, without any repair. */
export class RawLink {
  private readonly waiting = new Map<number, Waiting>();
  private requests = 0;

  private constructor(
    private readonly socket: WebSocket,
    onPush: (push: Push) => void,
  ) {
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as Push | Reply;
      if ("method" in frame) return onPush(frame);
      const waiting = this.waiting.get(frame.id);
      this.waiting.delete(frame.id);
      if (frame.error === undefined) waiting?.resolve(frame.result as never);
      else waiting?.reject(frame.error.data);
    });
    socket.addEventListener("close", () => {
      for (const { reject } of this.waiting.values()) reject(new Error("closed"));
      this.waiting.clear();
    });
  }

  /** @param url as for HTTP */
  static open(url: string, onPush: (push: Push) => void): Promise<RawLink> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
    const link = new RawLink(socket, onPush);
    return new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve(link));
      socket.addEventListener("close", () => reject(new Error("closed")));
    });
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Rejects with the server's error, or when the connection is lost. */
  request<T>(method: string, params: object): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!this.isOpen) return reject(new Error("closed"));
      const id = ++this.requests;
      this.waiting.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  close(): void {
    this.socket.close();
  }
}
