import { TellwireError } from "@tellwire/contract";

const PATIENCE_MS = 5000;
const RETRY_AFTER_S = 1;

const overloaded = (): TellwireError =>
  new TellwireError("overloaded", undefined, { retryAfter: RETRY_AFTER_S });

/**
 * Lets only so much be in work at once. The rest waits, and tenants take turns,
 * so that one which asks for much delays only itself.
 */
export class Turns {
  private readonly lines = new Map<string, (() => void)[]>();
  private underWay = 0;
  private inLine = 0;

  /**
   * @param most in work at once
   * @param mostWaiting of one tenant
   * @param patienceMs milliseconds after which whoever waits is refused instead, when the turn comes
   */
  constructor(
    private readonly most: number,
    private readonly mostWaiting: number,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  get inWork(): number {
    return this.underWay;
  }

  get waiting(): number {
    return this.inLine;
  }

  /** @throws TellwireError `overloaded` at once when too much of the tenant waits, or later; what `work` throws */
  async run<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    let since = Infinity;
    if (this.underWay >= this.most) {
      since = performance.now();
      await this.turnOf(tenant);
    } else this.underWay++;
    try {
      if (this.isLate(since)) throw overloaded();
      return await work();
    } finally {
      this.next();
    }
  }

  private turnOf(tenant: string): Promise<void> {
    const line = this.lines.get(tenant) ?? [];
    if (line.length >= this.mostWaiting) throw overloaded();
    this.lines.set(tenant, line);
    this.inLine++;
    return new Promise((resolve) => line.push(resolve));
  }

  /** Whether the client has waited so long that the work would be for nobody. */
  private isLate(since: number): boolean {
    return performance.now() - since >= this.patienceMs;
  }

  /** Hands the place on to whoever comes next, or frees it. */
  private next(): void {
    const [first] = this.lines;
    if (first === undefined) {
      this.underWay--;
      return;
    }
    const [tenant, line] = first;
    this.inLine--;
    const begin = line.shift();
    // To the end of the tenants, or out of them.
    this.lines.delete(tenant);
    if (line.length > 0) this.lines.set(tenant, line);
    begin?.();
  }
}
