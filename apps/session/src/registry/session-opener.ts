import { Injectable } from "@nestjs/common";
import { SessionRepository, type OpenedSession, type SessionOpening } from "@tellwire/persistence";

interface Waiting {
  opening: SessionOpening;
  resolve: (opened: OpenedSession) => void;
  reject: (error: unknown) => void;
}

/** Sessions opened by one statement at most. */
const AT_ONCE = 500;

/**
 * Gathers the openings of one turn, and those that come while a statement is
 * under way, into one statement: a thousand clients that come back at once cost
 * a few commits, and one that comes alone does not wait.
 */
@Injectable()
export class SessionOpener {
  private waiting: Waiting[] = [];
  private busy = false;

  constructor(private readonly sessions: SessionRepository) {}

  open(opening: SessionOpening): Promise<OpenedSession> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ opening, resolve, reject });
      if (this.busy) return;
      this.busy = true;
      setImmediate(() => void this.work());
    });
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, AT_ONCE);
      try {
        const opened = await this.sessions.open(batch.map((one) => one.opening));
        batch.forEach((one, i) => one.resolve(opened[i] as OpenedSession));
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    this.busy = false;
  }
}
