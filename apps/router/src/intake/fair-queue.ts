/** What waits, by tenant: each turn takes one of each, so that a busy tenant delays only itself. */
export class FairQueue<T> {
  private readonly queues = new Map<string, { items: T[]; next: number }>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  push(tenant: string, item: T): void {
    const queue = this.queues.get(tenant);
    if (queue === undefined) this.queues.set(tenant, { items: [item], next: 0 });
    else queue.items.push(item);
    this.count++;
  }

  /**
   * Takes items tenant by tenant in turn, each tenant's in their order, while
   * `fits` says yes. Where the turn stopped, the next one goes on.
   */
  take(fits: (item: T) => boolean): T[] {
    const taken: T[] = [];
    while (this.count > 0) {
      const [tenant, queue] = this.queues.entries().next().value as [
        string,
        { items: T[]; next: number },
      ];
      const item = queue.items[queue.next] as T;
      if (!fits(item)) break;
      taken.push(item);
      queue.next++;
      this.count--;
      // To the end of the line, or out of it.
      this.queues.delete(tenant);
      if (queue.next < queue.items.length) this.queues.set(tenant, compacted(queue));
    }
    return taken;
  }
}

/** Drops what was taken once it is the larger part. */
function compacted<T>(queue: { items: T[]; next: number }): { items: T[]; next: number } {
  if (queue.next < 64 || queue.next * 2 < queue.items.length) return queue;
  return { items: queue.items.slice(queue.next), next: 0 };
}
