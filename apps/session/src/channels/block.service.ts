import { Injectable } from "@nestjs/common";
import type { Identity, Params, Result } from "@tellwire/contract";
import { BlockRepository } from "@tellwire/persistence";
import { Announcer } from "../infrastructure/announcer.js";
import { askingUser } from "../infrastructure/own-names.js";
import { Reach } from "../infrastructure/reach.js";

/** Whose messages a user does not want in its inbox. */
@Injectable()
export class BlockService {
  constructor(
    private readonly blocks: BlockRepository,
    private readonly announcer: Announcer,
    private readonly reach: Reach,
  ) {}

  async block(who: Identity, params: Params<"block">): Promise<Result<"block">> {
    const user = askingUser(who);
    const other = await this.reach.user(params.user, who);
    const blocked = params.blocked ?? true;
    await this.blocks.set(user, other, blocked);
    await this.announcer.announce({ type: "block", user, blocked: other });
    return { user: other, blocked };
  }
}
