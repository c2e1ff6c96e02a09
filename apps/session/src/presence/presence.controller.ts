import { Controller } from "@nestjs/common";
import { MessagePattern, Payload } from "@nestjs/microservices";
import type { OperationRequest, Result, SessionRpc } from "@tellwire/contract";
import { PresenceRepository } from "./presence.repository.js";
import { PresenceService } from "./presence.service.js";

@Controller()
export class PresenceController {
  constructor(
    private readonly entries: PresenceRepository,
    private readonly service: PresenceService,
  ) {}

  @MessagePattern("presence.set")
  async set(
    @Payload() { instance, reset, entries }: SessionRpc["presence.set"]["params"],
  ): Promise<null> {
    await this.entries.set(instance, reset, entries);
    return null;
  }

  @MessagePattern("presence")
  presence(@Payload() { who, params }: OperationRequest<"presence">): Promise<Result<"presence">> {
    return this.service.presence(who, params);
  }

  @MessagePattern("who")
  who(@Payload() { who, params }: OperationRequest<"who">): Promise<Result<"who">> {
    return this.service.who(who, params);
  }

  @MessagePattern("locate")
  locate(@Payload() { who, params }: OperationRequest<"locate">): Promise<Result<"locate">> {
    return this.service.locate(who, params);
  }
}
