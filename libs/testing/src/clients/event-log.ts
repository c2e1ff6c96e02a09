import type { EventName, EVENTS, Message } from "@tellwire/contract";
import type { z } from "zod";

type EventParams<N extends EventName> = z.infer<(typeof EVENTS)[N]["params"]>;

/** What a client was sent unasked. */
export class EventLog {
  readonly all: { name: string; params: unknown }[] = [];

  add(name: string, params: unknown): void {
    this.all.push({ name, params });
  }

  named<N extends EventName>(name: N): EventParams<N>[] {
    return this.all.filter((e) => e.name === name).map((e) => e.params as EventParams<N>);
  }

  /** The messages of a canonical topic, as they came. */
  messages(topic: string): Message[] {
    return (this.named("message") as Message[]).filter((message) => message.topic === topic);
  }

  seqs(topic: string): number[] {
    return this.messages(topic).map(({ seq }) => seq);
  }
}
