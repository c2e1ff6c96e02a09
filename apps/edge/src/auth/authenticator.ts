import {
  canonicalUser,
  may,
  tenantOf,
  TellwireError,
  type Identity,
  type Permission,
} from "@tellwire/contract";
import type { AttemptLimiter } from "../limits/attempt-limiter.js";
import type { ApiKey, ApiKeys } from "./api-keys.js";
import type { RevocationList } from "./revocation-list.js";
import type { TenantDirectory } from "./tenant-directory.js";
import type { TokenVerifier, VerifiedToken } from "./token-verifier.js";

/** What a client shows, as it came. */
export interface Credentials {
  apiKey?: string;
  token?: string;
  /** With a key: the user to act as. With a token: that user, or refused. */
  user?: string;
  /** Refused unless it is the tenant of the key or token. */
  tenant?: string;
  /** The client's address; guessing is limited by it. */
  address: string;
}

const ACT_AS: Permission = "act_as";

const denied = (why: string): TellwireError => new TellwireError("not_permitted", why);
const unknownKey = (): TellwireError => new TellwireError("not_authenticated", "Invalid API key");

/**
 * Proves who a client is. A key is found by its hash, so how long that takes
 * says nothing about a wrong one; a token is checked by its signature. Both are
 * refused once revoked.
 */
export class Authenticator {
  constructor(
    private readonly keys: ApiKeys,
    private readonly tokens: TokenVerifier,
    private readonly tenants: TenantDirectory,
    private readonly revocations: RevocationList,
    private readonly attempts: AttemptLimiter,
    private readonly demoKeys: boolean,
  ) {}

  /**
   * @throws TellwireError `not_authenticated`, `session_expired`, `not_permitted`;
   * `rate_limited` after too many failures from the address; `upstream`
   */
  async identify(shown: Credentials): Promise<Identity> {
    const { apiKey, token, address } = shown;
    if (apiKey !== undefined && token !== undefined) {
      throw new TellwireError("invalid_params", "Give an API key or a token, not both");
    }
    if (token !== undefined) return this.byToken(await this.verified(token, address), shown);
    if (apiKey !== undefined) return this.byKey(await this.found(apiKey, address), shown);
    throw new TellwireError("not_authenticated");
  }

  private byKey(key: ApiKey, { user: as, tenant }: Credentials): Identity {
    if (tenant !== undefined && tenant !== key.tenant) throw denied("The key is of another tenant");
    let user: string | null = null;
    if (as !== undefined) {
      if (!may(key, ACT_AS)) throw denied("This key may not act as a user");
      user = canonicalUser(as, key.tenant);
      if (tenantOf(user) !== key.tenant) throw denied("The user is of another tenant");
    }
    const identity: Identity = {
      tenant: key.tenant,
      user,
      permissions: user === null ? key.permissions : key.userPermissions,
      keyId: key.id,
      tokenId: null,
      expiresAt: null,
      limits: key.limits,
    };
    this.revocations.proven(identity);
    const { tenantLimits: limits, sharedInbox, federations } = key;
    this.tenants.learn(key.tenant, { limits, sharedInbox, federations });
    return identity;
  }

  private async byToken(
    { identity, issuedAt }: VerifiedToken,
    { user, tenant }: Credentials,
  ): Promise<Identity> {
    if (tenant !== undefined && tenant !== identity.tenant) {
      throw denied("The token is of another tenant");
    }
    if (user !== undefined && canonicalUser(user, identity.tenant) !== identity.user) {
      throw denied("The token is of another user");
    }
    if ((await this.tenants.find(identity.tenant)) === null) {
      throw new TellwireError("not_authenticated");
    }
    this.revocations.proven(identity, issuedAt);
    if (this.revocations.covers(identity)) {
      throw new TellwireError("session_expired", "The token was revoked");
    }
    return identity;
  }

  /**
   * Only what costs a look-up counts as an attempt, and only until it proves
   * right: many clients may share an address and a key.
   */
  private async found(secret: string, address: string): Promise<ApiKey> {
    const counts = this.keys.isNews(secret);
    if (counts) this.attempts.spend(address);
    let key: ApiKey | null;
    try {
      key = await this.keys.find(secret);
    } catch (error) {
      if (counts) this.attempts.giveBack(address);
      throw error;
    }
    if (key === null || (key.demo && !this.demoKeys)) throw unknownKey();
    if (counts) this.attempts.giveBack(address);
    return key;
  }

  private async verified(token: string, address: string): Promise<VerifiedToken> {
    if (this.tokens.knows(token)) return this.tokens.verify(token);
    this.attempts.check(address);
    try {
      return await this.tokens.verify(token);
    } catch (error) {
      if (error instanceof TellwireError && error.reason === "not_authenticated") {
        this.attempts.spend(address);
      }
      throw error;
    }
  }
}
