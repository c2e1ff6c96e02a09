import {
  eventually,
  tcpLink,
  webSocketLink,
  type JsonRpcLink,
  type TestCluster,
} from "@tellwire/testing";

export const TRANSPORTS = ["ws", "tcp"] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface Answer {
  id?: unknown;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data: Record<string, unknown> };
}
export type Told = [method: string, params: Record<string, unknown>];

/** A client of the Intermud-3 gateway: it knows that gateway's methods, and nothing of Tellwire. */
export class DialectClient {
  readonly events: Told[] = [];
  private readonly answers = new Map<unknown, Answer>();
  private last = 0;

  private constructor(readonly link: JsonRpcLink) {
    link.onText((text) => {
      const frame = JSON.parse(text) as Answer & { method?: string; params?: object };
      if (frame.method === undefined) this.answers.set(frame.id, frame);
      else this.events.push([frame.method, frame.params as Record<string, unknown>]);
    });
  }

  static async open(
    transport: Transport,
    cluster: TestCluster,
    edge: number,
    headers: Record<string, string> = {},
  ): Promise<DialectClient> {
    const url = cluster.edge(edge);
    return new DialectClient(
      transport === "ws"
        ? await webSocketLink(url, headers)
        : await tcpLink(await cluster.tcpOf(url)),
    );
  }

  /** The whole answer, error or not. */
  async ask(method: string, params?: object): Promise<Answer> {
    const id = ++this.last;
    this.link.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return this.answerTo(id);
  }

  answerTo(id: unknown): Promise<Answer> {
    return eventually(() => {
      const answer = this.answers.get(id);
      if (answer === undefined) throw new Error(`no answer to ${String(id)}`);
      return answer;
    });
  }

  /** @throws Error where the answer is an error */
  async call(method: string, params?: object): Promise<Record<string, unknown>> {
    const { result, error } = await this.ask(method, params);
    if (result === undefined) throw new Error(`${method}: ${error?.code} ${error?.message}`);
    return result;
  }

  named(method: string): Record<string, unknown>[] {
    return this.events.filter(([name]) => name === method).map(([, params]) => params);
  }

  /** The params of the first event of that name for which `fits` holds, once it has come. */
  heard(
    method: string,
    fits: (params: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    return eventually(() => {
      const found = this.named(method).find(fits);
      if (found === undefined) {
        throw new Error(`no such ${method} among ${JSON.stringify(this.events).slice(0, 1500)}`);
      }
      return found;
    });
  }
}
