/** The longest time in which one party heard nothing, from a given moment on. */
export class Silence {
  private last = performance.now();
  private longest = 0;

  /** Counts from now. */
  mark(): void {
    this.last = performance.now();
    this.longest = 0;
  }

  heard(): void {
    const now = performance.now();
    this.longest = Math.max(this.longest, now - this.last);
    this.last = now;
  }

  /** Milliseconds; the silence that still lasts counts. */
  get worst(): number {
    return Math.max(this.longest, performance.now() - this.last);
  }
}
