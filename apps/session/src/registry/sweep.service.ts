import { Inject, Injectable } from "@nestjs/common";
import { Keys } from "@tellwire/contract";
import { SessionRepository } from "@tellwire/persistence";
import { batch, RedisConnection } from "@tellwire/redis";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { SessionConfig } from "../config.js";
import { CONFIG, LOG } from "../infrastructure/parts.js";
import { PresenceService } from "../presence/presence.service.js";

const SESSIONS_AT_ONCE = 1000;

/**
 * Clears away what the dead have left: sessions of edges that were killed begin
 * to expire, expired ones go, and so does the presence of their users. Every
 * replica sweeps; what two do at once is done once.
 */
@Injectable()
export class SweepService {
  /** Edges that were missing at the last look. */
  private missing = new Set<string>();

  constructor(
    @Inject(CONFIG) private readonly config: SessionConfig,
    @Inject(LOG) private readonly log: Logger,
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly sessions: SessionRepository,
    private readonly presence: PresenceService,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Spread, so that replicas which started together do not sweep together.
      await pause(this.config.sweepMs * (0.75 + Math.random() / 2), signal);
      if (signal.aborted) return;
      try {
        await this.leaveDeadEdges();
        await this.presence.clearDead();
        while ((await this.sessions.sweep(SESSIONS_AT_ONCE)) === SESSIONS_AT_ONCE);
      } catch (error) {
        this.log.warn({ err: (error as Error).message }, "sweep failed");
      }
    }
  }

  /**
   * An edge counts as dead once it is missing at two looks in a row: one that
   * Redis has just forgotten comes back in between.
   */
  private async leaveDeadEdges(): Promise<void> {
    const edges = await this.sessions.edges();
    const alive = await batch(
      this.redis.client,
      edges.map((edge) => ["EXISTS", this.keys.replies(edge)]),
    );
    const failed = alive.find((reply) => reply instanceof Error);
    if (failed !== undefined) throw failed;
    const missing = edges.filter((_, i) => alive[i] === 0);
    for (const edge of missing.filter((one) => this.missing.has(one))) {
      await this.sessions.leaveEdge(edge);
    }
    this.missing = new Set(missing);
  }
}
