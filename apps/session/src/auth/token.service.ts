import { randomUUID } from "node:crypto";
import { Inject, Injectable } from "@nestjs/common";
import { SignJWT } from "jose";
import {
  may,
  PERMISSIONS,
  TellwireError,
  type Identity,
  type Params,
  type Permission,
  type Result,
} from "@tellwire/contract";
import { RevocationRepository } from "@tellwire/persistence";
import { RedisConnection } from "@tellwire/redis";
import type { SessionConfig } from "../config.js";
import { Announcer } from "../infrastructure/announcer.js";
import { ownUser } from "../infrastructure/own-names.js";
import { CONFIG } from "../infrastructure/parts.js";

const DEFAULT_TTL_S = 900;
/** What a user's token may do unless it is said, as far as its giver may. */
const ORDINARY: readonly Permission[] = ["publish", "subscribe", "presence", "channel"];

/**
 * Signed tokens for users. Times are Redis' time with milliseconds, the same on
 * every replica: so a token made right after a revocation is not caught by it.
 */
@Injectable()
export class TokenService {
  constructor(
    @Inject(CONFIG) private readonly config: SessionConfig,
    private readonly redis: RedisConnection,
    private readonly revocations: RevocationRepository,
    private readonly announcer: Announcer,
  ) {}

  /** @throws TellwireError `not_permitted` for permissions the asker has not itself */
  async create(who: Identity, params: Params<"token.create">): Promise<Result<"token.create">> {
    const user = ownUser(params.user, who);
    const permissions = grantedTo(who, params.permissions);
    const issued = (await this.redis.time()) / 1000;
    const expires = issued + (params.ttl ?? DEFAULT_TTL_S);
    const id = randomUUID();
    const token = await new SignJWT({
      tenant: who.tenant,
      perms: permissions,
      kid: who.keyId,
      iat: issued,
      exp: expires,
    })
      .setProtectedHeader({ alg: "EdDSA", typ: "JWT" })
      .setSubject(user)
      .setJti(id)
      .sign(this.config.tokenPrivateKey);
    return { token, token_id: id, user, expires_at: new Date(expires * 1000).toISOString() };
  }

  /** What is revoked stays so; the caller is answered once it is committed. */
  async revoke(who: Identity, params: Params<"token.revoke">): Promise<Result<"token.revoke">> {
    const revocation = {
      tenant: who.tenant,
      tokenId: params.token_id ?? null,
      user: params.user === undefined ? null : ownUser(params.user, who),
      before: await this.redis.time(),
    };
    await this.revocations.add(revocation);
    await this.announcer.announce({ type: "revoked", ...revocation });
    return { revoked: true };
  }
}

function grantedTo(who: Identity, asked: readonly string[] | undefined): Permission[] {
  if (asked === undefined) return ORDINARY.filter((permission) => may(who, permission));
  return asked.map((name) => {
    const permission = PERMISSIONS.find((known) => known === name);
    if (permission === undefined) {
      throw new TellwireError("invalid_params", `Unknown permission ${name}`);
    }
    if (!may(who, permission)) {
      throw new TellwireError("not_permitted", `You have not the permission ${name} yourself`);
    }
    return permission;
  });
}
