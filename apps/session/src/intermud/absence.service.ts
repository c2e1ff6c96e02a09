import { Inject, Injectable } from "@nestjs/common";
import { Keys } from "@tellwire/contract";
import { batch, RedisConnection } from "@tellwire/redis";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { LOG } from "../infrastructure/parts.js";
import { IntermudService } from "./intermud.service.js";

/** How often it is looked at who is away: by one replica each time. */
const LOOK_SECONDS = 2;

/**
 * Looks every few seconds at what time makes of the MUDs that were lost: down,
 * removed, forgotten; and whether the edges to which MUDs are connected still live.
 */
@Injectable()
export class AbsenceService {
  /** Edge processes that were missing at the last look. */
  private missing = new Set<string>();

  constructor(
    @Inject(LOG) private readonly log: Logger,
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly intermud: IntermudService,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    if (this.intermud.router === null) return;
    while (!signal.aborted) {
      try {
        await this.intermud.look(LOOK_SECONDS, await this.gone());
      } catch (error) {
        this.log.warn({ err: (error as Error).message }, "MUDs not looked after");
      }
      await pause(LOOK_SECONDS * 1000 * (0.75 + Math.random() / 2), signal);
    }
  }

  /**
   * An edge counts as dead once it is missing at two looks in a row: one that
   * Redis has just forgotten comes back in between.
   */
  private async gone(): Promise<string[]> {
    const { processes } = this.intermud;
    const alive = await batch(
      this.redis.client,
      processes.map((each) => ["EXISTS", this.keys.replies(each)]),
    );
    const failed = alive.find((reply) => reply instanceof Error);
    if (failed !== undefined) throw failed;
    const missing = processes.filter((_, i) => alive[i] === 0);
    const gone = missing.filter((each) => this.missing.has(each));
    this.missing = new Set(missing);
    return gone;
  }
}
