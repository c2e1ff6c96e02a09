import type { Identity, SessionRpc } from "@tellwire/contract";

export type Revocation = SessionRpc["revocations.list"]["result"][number];

/** What is revoked, as far as this edge has heard. */
export class RevocationList {
  private tokens = new Set<string>();
  private users = new Map<string, number>();
  /** Revoked keys, for the sake of the tokens they gave. */
  private keys = new Set<string>();
  /** Added while a list was being fetched: the list may be older than they. */
  private recent: Revocation[] | null = null;
  /** When what an identity rests on was issued, in milliseconds. */
  private readonly issued = new WeakMap<Identity, number>();

  /** @param now milliseconds by the clock that revocations are dated by, not this machine's */
  constructor(private readonly now: () => number) {}

  /** Remembers when the token was issued; without one, that the key was shown now. */
  proven(identity: Identity, issuedAt = this.now()): void {
    this.issued.set(identity, issuedAt);
  }

  add(revocation: Revocation): void {
    this.recent?.push(revocation);
    this.enter(revocation);
  }

  /**
   * Replaces the list by what `fetch` gives, without losing what is added meanwhile.
   * @throws what `fetch` throws; the list stays as it was
   */
  async replace(fetch: () => Promise<Revocation[]>): Promise<void> {
    const recent: Revocation[] = (this.recent = []);
    try {
      const list = await fetch();
      this.tokens = new Set();
      this.users = new Map();
      this.keys = new Set();
      for (const revocation of [...list, ...recent]) this.enter(revocation);
    } finally {
      this.recent = null;
    }
  }

  covers(identity: Identity): boolean {
    if (identity.tokenId !== null && this.tokens.has(`${identity.tenant} ${identity.tokenId}`)) {
      return true;
    }
    if (this.keys.has(identity.keyId)) return true;
    const before = identity.user === null ? undefined : this.users.get(identity.user);
    return before !== undefined && (this.issued.get(identity) ?? 0) < before;
  }

  private enter({ tenant, tokenId, user, keyId, before }: Revocation): void {
    if (keyId !== null) this.keys.add(keyId);
    if (tokenId !== null) this.tokens.add(`${tenant} ${tokenId}`);
    if (user !== null) this.users.set(user, Math.max(before, this.users.get(user) ?? 0));
  }
}
