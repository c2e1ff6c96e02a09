import type { KeyObject } from "node:crypto";
import { canonicalUser, parseTenant, tenantOf, TellwireError } from "@tellwire/contract";
import type { Identity } from "@tellwire/contract";
import { errors, jwtVerify } from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { userPermissions } from "./api-keys.js";

/** What is signed. `iat` may have a fraction: revocations are told apart by the millisecond. */
const claims = z.object({
  sub: z.string().min(1),
  tenant: z.string(),
  jti: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
  perms: z.array(z.string()),
  /** The id of the API key that gave the token. */
  kid: z.string(),
});

export interface VerifiedToken {
  identity: Identity;
  /** Milliseconds since 1970. */
  issuedAt: number;
}

const MOST = 10_000;
/** The longest life a token may have, in seconds, whatever it says itself. */
const LONGEST_S = 86_400;
/** Seconds by which our idea of the signer's time may be wrong. */
const SKEW_S = 5;

const invalid = (): TellwireError => new TellwireError("not_authenticated", "Invalid token");
const expired = (): TellwireError => new TellwireError("session_expired", "The token has expired");

/** Verifies tokens by their signature, without asking anyone. */
export class TokenVerifier {
  private readonly verified = new LRUCache<string, VerifiedToken>({ max: MOST });

  /** @param now milliseconds by the clock that tokens are dated by, not this machine's */
  constructor(
    private readonly publicKey: KeyObject,
    private readonly now: () => number,
  ) {}

  /** Whether this very token was verified before. */
  knows(token: string): boolean {
    return this.verified.has(token);
  }

  /** @throws TellwireError `not_authenticated`; `session_expired` for a token that was good once */
  async verify(token: string): Promise<VerifiedToken> {
    const verified = this.verified.get(token) ?? identityOf(await this.payloadOf(token));
    if ((verified.identity.expiresAt ?? 0) <= this.now()) {
      this.verified.delete(token);
      throw expired();
    }
    this.verified.set(token, verified);
    return verified;
  }

  private async payloadOf(token: string): Promise<unknown> {
    try {
      const { payload } = await jwtVerify(token, this.publicKey, {
        // Pinned: what the token says about its algorithm is the attacker's to choose.
        algorithms: ["EdDSA"],
        requiredClaims: ["exp", "iat"],
        maxTokenAge: LONGEST_S,
        clockTolerance: SKEW_S,
        currentDate: new Date(this.now()),
      });
      return payload;
    } catch (error) {
      throw error instanceof errors.JWTExpired ? expired() : invalid();
    }
  }
}

function identityOf(payload: unknown): VerifiedToken {
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw invalid();
  const { sub, tenant: name, jti, iat, exp, perms, kid } = parsed.data;
  const tenant = parseTenant(name);
  const user = canonicalUser(sub, tenant);
  if (tenantOf(user) !== tenant) throw invalid();
  return {
    issuedAt: iat * 1000,
    identity: Object.freeze({
      tenant,
      user,
      permissions: userPermissions(perms),
      keyId: kid,
      tokenId: jti,
      expiresAt: exp * 1000,
      limits: {},
    }),
  };
}
