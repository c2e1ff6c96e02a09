/**
 * Notices a connection that has died without a word. Browsers do not show
 * WebSocket pings, so silence is met with a request that must be answered.
 */
export class Heartbeat {
  private lastHeard = performance.now();
  private timer: ReturnType<typeof setTimeout>;
  private stopped = false;

  constructor(
    private readonly silenceMs: number,
    private readonly ping: () => Promise<unknown>,
    private readonly dead: () => void,
  ) {
    this.timer = setTimeout(this.check, silenceMs);
  }

  heard(): void {
    this.lastHeard = performance.now();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private readonly check = async (): Promise<void> => {
    const quiet = performance.now() - this.lastHeard;
    if (quiet >= this.silenceMs) {
      // An answer of any kind counts: what matters is that something was heard since.
      await this.ping().catch(() => undefined);
      if (this.stopped) return;
      if (performance.now() - this.lastHeard >= this.silenceMs) return this.dead();
    }
    const left = this.silenceMs - (performance.now() - this.lastHeard);
    this.timer = setTimeout(this.check, Math.max(left, 1));
  };
}
