import { createHash } from "node:crypto";
import { Controller, Inject } from "@nestjs/common";
import { Ctx, MessagePattern, Payload } from "@nestjs/microservices";
import type { Receipt, SessionRpc } from "@tellwire/contract";
import { SessionRepository, type InboxRise } from "@tellwire/persistence";
import type { RpcContext } from "@tellwire/rpc";
import type { Logger } from "@tellwire/telemetry";
import type { SessionConfig } from "../config.js";
import { CONFIG, LOG } from "../infrastructure/parts.js";
import { sessionIdOf } from "./session-id.js";
import { SessionOpener } from "./session-opener.js";

@Controller()
export class RegistryController {
  private readonly secret: Buffer;

  constructor(
    @Inject(CONFIG) config: SessionConfig,
    @Inject(LOG) private readonly log: Logger,
    private readonly sessions: SessionRepository,
    private readonly opener: SessionOpener,
  ) {
    // The same for every replica, because another one may get the call's repetition.
    this.secret = createHash("sha256")
      .update(config.tokenPrivateKey.export({ format: "der", type: "pkcs8" }))
      .digest();
  }

  @MessagePattern("session.open")
  open(
    @Payload() params: SessionRpc["session.open"]["params"],
    @Ctx() context: RpcContext,
  ): Promise<SessionRpc["session.open"]["result"]> {
    const { sessionId, tenant, user, keyId, tokenId } = params;
    return this.opener.open({
      tenant,
      user,
      keyId,
      tokenId,
      edge: context.instance,
      resume: sessionId,
      fresh: sessionIdOf(context.callId, this.secret),
    });
  }

  @MessagePattern("session.save")
  async save(
    @Payload() { sessions }: SessionRpc["session.save"]["params"],
    @Ctx() { instance }: RpcContext,
  ): Promise<SessionRpc["session.save"]["result"]> {
    const rises = await this.sessions.save(instance, sessions);
    return { receipts: await this.receiptsOf(rises) };
  }

  @MessagePattern("session.close")
  async close(
    @Payload() { sessions }: SessionRpc["session.close"]["params"],
    @Ctx() { instance }: RpcContext,
  ): Promise<null> {
    await this.sessions.leave(instance, sessions);
    return null;
  }

  /** The cursors are saved by now: receipts are a courtesy, and may fail. */
  private async receiptsOf(rises: InboxRise[]): Promise<Receipt[]> {
    try {
      const senders = await this.sessions.sendersOf(rises);
      return senders.map(({ rise, sender }) => ({
        to: sender,
        topic: rise.topic,
        seq: rise.to,
        by: rise.user,
      }));
    } catch (error) {
      this.log.warn({ err: (error as Error).message }, "receipts not found");
      return [];
    }
  }
}
