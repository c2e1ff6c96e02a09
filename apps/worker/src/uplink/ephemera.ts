import { Inject, Injectable } from "@nestjs/common";
import { Keys } from "@tellwire/contract";
import { EphemeralBus, type ClusterEvent } from "@tellwire/ephemeral";
import { RedisConnection } from "@tellwire/redis";
import { Server } from "socket.io";
import { CONFIG } from "../infrastructure/parts.js";
import type { WorkerConfig } from "../config.js";

/** An ephemeral message, as clients see it. */
export interface Ephemeral {
  topic: string;
  from: string;
  kind: string;
  body: unknown;
}

/**
 * The ephemeral messages of the cluster. A worker hears them only while it has
 * an uplink: there are many of them, and they concern nothing else that it does.
 */
@Injectable()
export class Ephemera {
  private bus: EphemeralBus | null = null;
  private readonly listeners = new Map<string, (message: Ephemeral) => void>();

  constructor(
    @Inject(CONFIG) private readonly config: Pick<WorkerConfig, "ephemeralPending">,
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {}

  /** Hears those to one topic. @returns how to stop that */
  hear(topic: string, listener: (message: Ephemeral) => void): () => void {
    this.bus ??= this.open();
    this.listeners.set(topic, listener);
    return () => {
      if (this.listeners.get(topic) === listener) this.listeners.delete(topic);
      if (this.listeners.size === 0) this.close();
    };
  }

  /** To nobody if no uplink is here any more. */
  say(message: Ephemeral): void {
    const params = { ...message, at: new Date().toISOString() };
    this.bus?.publish(message.topic, { name: "ephemeral", params });
  }

  private open(): EphemeralBus {
    const bus = new EphemeralBus(new Server(), this.redis, this.keys, this.config.ephemeralPending);
    bus.onEvent((event) => this.onEvent(event));
    return bus;
  }

  private close(): void {
    this.bus?.close();
    this.bus = null;
  }

  private onEvent({ name, about, params }: ClusterEvent): void {
    if (name === "ephemeral") this.listeners.get(about)?.(JSON.parse(params) as Ephemeral);
  }
}
