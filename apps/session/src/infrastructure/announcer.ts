import { Inject, Injectable } from "@nestjs/common";
import { Keys, type ControlEvent } from "@tellwire/contract";
import { RedisConnection } from "@tellwire/redis";
import { writeControl } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { LOG } from "./parts.js";

/**
 * Tells edges and routers what to forget, after the change is committed. If
 * Redis is away nobody hears it, but then everybody forgets everything when it
 * is back.
 */
@Injectable()
export class Announcer {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  async announce(event: ControlEvent): Promise<void> {
    try {
      await writeControl(this.redis.client, this.keys, [event]);
    } catch (error) {
      this.log.warn({ err: (error as Error).message, type: event.type }, "control event not sent");
    }
  }
}
