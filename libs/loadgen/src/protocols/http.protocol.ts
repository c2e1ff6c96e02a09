import { Agent, request } from "node:http";
import type { FrameConnection, FrameHandler } from "../frame-socket.js";
import type { Conversation, Credentials, Protocol } from "./protocol.js";

/** A client has this many requests under way at most; what is due beyond waits, and its latency tells. */
const CONNECTIONS = 4;
const READY = "ready";

/** A publish on its way to the connection, and what came back. */
interface Publish {
  id: number;
  headers: Record<string, string>;
  params: unknown;
}
interface Answered {
  id: number;
  seq?: number;
  error?: { code: number; message: string };
}

/** One client's kept connections, on which each publish is a POST. */
class Poster implements FrameConnection {
  readonly opened = Promise.resolve();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  private readonly url: URL;
  private isClosed = false;

  constructor(
    base: URL,
    private readonly handler: FrameHandler,
  ) {
    this.url = new URL("/api/rpc/publish", base);
    setImmediate(() => handler.onText(READY));
  }

  send(text: string | readonly string[]): void {
    for (const each of typeof text === "string" ? [text] : text) this.post(each);
  }

  close(): void {
    this.isClosed = true;
    this.agent.destroy();
  }

  private post(text: string): void {
    const { id, headers, params } = JSON.parse(text) as Publish;
    const body = JSON.stringify(params);
    const length = { "content-length": String(body.length) };
    const outgoing = request(
      this.url,
      { method: "POST", agent: this.agent, headers: { ...headers, ...length } },
      (response) => {
        let answer = "";
        response.setEncoding("utf8").on("data", (part: string) => (answer += part));
        response.on("end", () => {
          const answered: Answered = { id, ...readAnswer(response.statusCode!, answer) };
          this.handler.onText(JSON.stringify(answered));
        });
        response.on("error", () => this.lost());
      },
    );
    outgoing.on("error", () => this.lost());
    outgoing.end(body);
  }

  /** Of several requests under way, the first that fails ends the connection. */
  private lost(): void {
    if (this.isClosed) return;
    this.close();
    this.handler.onClose(1_006);
  }
}

/** What is no answer of the API, such as a load balancer's page, is an error by its status. */
export function readAnswer(status: number, body: string): Omit<Answered, "id"> {
  try {
    const { seq, error } = JSON.parse(body) as Omit<Answered, "id">;
    if (seq !== undefined || error !== undefined) return { seq, error };
  } catch {
    // It is told by its status.
  }
  return { error: { code: status, message: "no answer of the API" } };
}

const converse = ({ api_key, user }: Credentials): Conversation => {
  const headers = { "x-api-key": api_key, "x-user": user, "content-type": "application/json" };
  return {
    opening: () => null,
    subscribe: () => {
      throw new Error("Who publishes by HTTP does not subscribe");
    },
    publish: (id, topic, text, messageId) => {
      const params = { topic, id: messageId, body: { text } };
      return JSON.stringify({ id, headers, params } satisfies Publish);
    },
    incoming(frame) {
      if (frame === READY) return { kind: "ready" };
      const { id, seq, error } = JSON.parse(frame) as Answered;
      return { kind: "reply", id, seq, error: error && `${error.code} ${error.message}` };
    },
  };
};

/** Publishes by HTTP, and hears nothing. */
const http: Protocol = {
  path: "/api/rpc/publish",
  publishesOnly: true,
  connect: (url, handler) => new Poster(url, handler),
  converse,
};
export default http;
