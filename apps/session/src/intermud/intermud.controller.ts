import { Controller } from "@nestjs/common";
import { Ctx, MessagePattern, Payload } from "@nestjs/microservices";
import type { SessionRpc } from "@tellwire/contract";
import type { RpcContext } from "@tellwire/rpc";
import { IntermudService } from "./intermud.service.js";

/** What edges ask about the router for Intermud-3 that MUDs connect to. */
@Controller()
export class IntermudController {
  constructor(private readonly intermud: IntermudService) {}

  @MessagePattern("intermud.view")
  view(
    @Payload() { since }: SessionRpc["intermud.view"]["params"],
  ): Promise<SessionRpc["intermud.view"]["result"]> {
    return this.intermud.view(since);
  }

  @MessagePattern("intermud.packet")
  packet(
    @Payload() params: SessionRpc["intermud.packet"]["params"],
    @Ctx() { instance }: RpcContext,
  ): Promise<SessionRpc["intermud.packet"]["result"]> {
    return this.intermud.packet(params, instance);
  }

  @MessagePattern("intermud.dropped")
  async dropped(
    @Payload() { muds }: SessionRpc["intermud.dropped"]["params"],
    @Ctx() { instance }: RpcContext,
  ): Promise<null> {
    await this.intermud.dropped(muds, instance);
    return null;
  }

  @MessagePattern("intermud.sent")
  async sent(@Payload() { muds }: SessionRpc["intermud.sent"]["params"]): Promise<null> {
    await this.intermud.sent(muds);
    return null;
  }

  @MessagePattern("intermud.session")
  async session(
    @Payload() { mud, sessionId }: SessionRpc["intermud.session"]["params"],
  ): Promise<null> {
    await this.intermud.setSession(mud, sessionId);
    return null;
  }
}
