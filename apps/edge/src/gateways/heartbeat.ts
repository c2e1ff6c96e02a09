const SPREAD = 25;

export interface Beating {
  /** Called once a period: ask for a sign of life, or close what gave none since the last call. */
  beat(): void;
}

/**
 * Calls every member once a period, a share of them at a time, so that ten
 * thousand pings do not fall into one turn. One timer for all members.
 */
export class Heartbeat {
  private readonly groups = Array.from({ length: SPREAD }, () => new Set<Beating>());
  private readonly timer: NodeJS.Timeout;
  private newest = 0;
  private due = 0;

  constructor(periodMs: number) {
    this.timer = setInterval(() => this.sweep(), periodMs / SPREAD);
    this.timer.unref();
  }

  /** @returns how to leave */
  add(member: Beating): () => void {
    const group = this.groups[(this.newest = (this.newest + 1) % SPREAD)] as Set<Beating>;
    group.add(member);
    return () => group.delete(member);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sweep(): void {
    this.due = (this.due + 1) % SPREAD;
    for (const member of this.groups[this.due] as Set<Beating>) member.beat();
  }
}
