import { worthRetrying } from "./errors.js";
import type { Link } from "./link.js";

/** Topics told of at once: the rest waits its turn, so that publishes are not limited for it. */
const TOPICS_AT_ONCE = 50;

/**
 * Tells the server how far the application has come, so that a session resumed
 * elsewhere starts from there. Cumulative, so only the newest per topic is sent,
 * and at most once a period.
 */
export class CursorAcks {
  private readonly due = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastFlush = -Infinity;
  private link: Link | null = null;

  constructor(private readonly periodMs: number) {}

  note(topic: string, seq: number): void {
    this.due.set(topic, seq);
    this.schedule();
  }

  up(link: Link): void {
    this.link = link;
    this.schedule();
  }

  /** Sends what is due now; resolves when all of it is answered or has failed. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { link } = this;
    if (link === null || this.due.size === 0) return;
    this.lastFlush = performance.now();
    const sent = [...this.due].slice(0, TOPICS_AT_ONCE);
    for (const [topic] of sent) this.due.delete(topic);
    this.schedule();
    await Promise.all(
      sent.map(([topic, seq]) =>
        link.request("ack", { topic, seq }).catch((error: unknown) => {
          if (!worthRetrying(error)) return;
          if (!this.due.has(topic)) this.due.set(topic, seq);
          this.schedule();
        }),
      ),
    );
  }

  stop(): void {
    clearTimeout(this.timer);
    this.link = null;
    this.due.clear();
  }

  private schedule(): void {
    if (this.timer !== undefined || this.link === null || this.due.size === 0) return;
    const wait = Math.max(0, this.lastFlush + this.periodMs - performance.now());
    this.timer = setTimeout(() => void this.flush(), wait);
  }
}
