import { Refusal, type Closing } from "./test-client.js";
import type { WireError } from "@tellwire/contract";

export interface StreamEvent {
  name: string;
  params: unknown;
  id: string | null;
}

type Listener = (name: string, params: unknown) => void;

/** Server-Sent Events of one request. Those that come before there is a listener wait for it. */
export class EventStream {
  /** What the server said first. */
  subscribed: unknown;
  /** The newest event's id, which a reconnecting EventSource would give back. */
  lastEventId: string | null = null;
  readonly ended: Promise<Closing>;
  private readonly early: StreamEvent[] = [];
  private listener: Listener | null = null;
  private said: Closing | null = null;

  private constructor(
    private readonly events: AsyncGenerator<StreamEvent>,
    private readonly aborting: AbortController,
    first: StreamEvent,
  ) {
    this.subscribed = first.params;
    this.lastEventId = first.id;
    this.ended = this.read();
  }

  /** @throws Refusal */
  static async open(url: string, headers: Record<string, string>): Promise<EventStream> {
    const aborting = new AbortController();
    const response = await fetch(url, { headers, signal: aborting.signal });
    if (response.status !== 200 || response.body === null) {
      const { error } = (await response.json()) as { error: WireError };
      throw new Refusal(error, response.status);
    }
    const events = parse(response.body);
    const first = await events.next();
    if (first.done === true) throw new Error("The stream ended before it began");
    return new EventStream(events, aborting, first.value);
  }

  listen(listener: Listener): void {
    this.listener = listener;
    for (const { name, params } of this.early.splice(0)) listener(name, params);
  }

  close(): void {
    this.aborting.abort();
  }

  private async read(): Promise<Closing> {
    try {
      for await (const event of this.events) {
        if (event.id !== null) this.lastEventId = event.id;
        if (event.name === "close") this.said = event.params as Closing;
        if (this.listener === null) this.early.push(event);
        else this.listener(event.name, event.params);
      }
    } catch {
      // However it ends, it has ended.
    }
    return this.said ?? { code: null, reason: "the stream ended" };
  }
}

async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
    rest = blocks.pop() as string;
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => split(line)));
      const data = fields.get("data");
      if (data === undefined) continue;
      const name = fields.get("event") ?? "message";
      yield { name, params: JSON.parse(data), id: fields.get("id") ?? null };
    }
  }
}

function split(line: string): [string, string] {
  const colon = line.indexOf(": ");
  return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 2)];
}
