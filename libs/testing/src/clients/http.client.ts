import type { OperationName, Result } from "@tellwire/contract";
import { EventLog } from "./event-log.js";
import { EventStream } from "./event-stream.js";
import { credentialHeaders, httpRequest } from "./http-request.js";
import type { Closing, Credentials, Session, TestClient } from "./test-client.js";

type Topics = { topic: string; after?: number }[];

/**
 * Requests by `POST /api/rpc/<operation>`, events by `GET /api/events`: one
 * stream for the user's inbox and one more for each `subscribe`.
 */
export class HttpClient implements TestClient {
  readonly protocol = "http";
  readonly events = new EventLog();
  readonly closed: Promise<Closing>;
  session!: Session;
  private readonly streams: EventStream[] = [];
  private end!: (closing: Closing) => void;

  private constructor(
    private readonly url: string,
    private readonly headers: Record<string, string>,
  ) {
    this.closed = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** @throws Refusal */
  static async connect(url: string, credentials: Credentials): Promise<TestClient> {
    const client = new HttpClient(url, credentialHeaders(credentials));
    const { tenant, user } = await client.request("whoami");
    client.session = { tenant, user, session_id: "", resumed: false };
    if (user !== null) {
      const { session_id } = await client.open([], () => true);
      client.session.session_id = session_id;
    }
    return client;
  }

  async request<N extends OperationName>(operation: N, params: object = {}): Promise<Result<N>> {
    if (operation === "subscribe") {
      const { topics } = params as { topics: Topics };
      const canonical = new Set<string>();
      const { topics: joined, log_epoch } = await this.open(topics, (topic) =>
        canonical.has(topic),
      );
      const inbox = `user:${this.session.user}`;
      // A stream follows its user's inbox too, which is already followed by the first one.
      const asked = joined.filter(({ topic }, i) => i > 0 || topic !== inbox);
      for (const { topic } of asked) canonical.add(topic);
      return { topics: asked, log_epoch } as Result<N>;
    }
    const { body } = await httpRequest(this.url, "POST", `/api/rpc/${operation}`, {
      headers: this.headers,
      body: params,
    });
    return body as Result<N>;
  }

  drop(): void {
    for (const stream of this.streams) stream.close();
    this.end({ code: null, reason: "dropped" });
  }

  private async open(
    topics: Topics,
    wanted: (topic: string) => boolean,
  ): Promise<Result<"subscribe"> & { session_id: string }> {
    const query = new URLSearchParams();
    for (const { topic, after } of topics) {
      query.append("topic", topic);
      if (after !== undefined) query.append("after", String(after));
    }
    const isFirst = this.streams.length === 0;
    const stream = await EventStream.open(`${this.url}/api/events?${query}`, this.headers);
    this.streams.push(stream);
    const subscribed = stream.subscribed as Result<"subscribe"> & { session_id: string };
    void stream.ended.then((closing) => this.end(closing));
    // In a later turn: by then it is known which topics this stream is for.
    setImmediate(() =>
      stream.listen((name, params) => {
        const { topic } = params as { topic?: string };
        if (topic === undefined ? isFirst : wanted(topic)) this.events.add(name, params);
      }),
    );
    return subscribed;
  }
}
