/**
 * How much of something bounded each tenant has. A tenant may have as much as it
 * leaves free: alone it gets half, and however many flood it, the next one to
 * come still finds room.
 */
export class TenantShares {
  private readonly shares = new Map<string, number>();
  private sum = 0;

  constructor(private readonly most: number) {}

  /** What all tenants have together. */
  get used(): number {
    return this.sum;
  }

  of(tenant: string): number {
    return this.shares.get(tenant) ?? 0;
  }

  hasRoom(tenant: string, amount: number): boolean {
    return this.of(tenant) + amount <= this.most - this.sum;
  }

  add(tenant: string, amount: number): void {
    this.sum += amount;
    this.shares.set(tenant, this.of(tenant) + amount);
  }

  remove(tenant: string, amount: number): void {
    this.sum -= amount;
    const left = this.of(tenant) - amount;
    if (left > 0) this.shares.set(tenant, left);
    else this.shares.delete(tenant);
  }
}
