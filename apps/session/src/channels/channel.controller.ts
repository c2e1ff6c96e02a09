import { Controller } from "@nestjs/common";
import { MessagePattern, Payload } from "@nestjs/microservices";
import type { OperationRequest, Result, SessionRpc } from "@tellwire/contract";
import { BlockService } from "./block.service.js";
import { ChannelService } from "./channel.service.js";

@Controller()
export class ChannelController {
  constructor(
    private readonly channels: ChannelService,
    private readonly blocks: BlockService,
  ) {}

  @MessagePattern("policy.access")
  access(
    @Payload() { requests, create }: SessionRpc["policy.access"]["params"],
  ): Promise<SessionRpc["policy.access"]["result"]> {
    return this.channels.accessesOf(requests, create);
  }

  @MessagePattern("channel.create")
  create(
    @Payload() { who, params }: OperationRequest<"channel.create">,
  ): Promise<Result<"channel.create">> {
    return this.channels.create(who, params);
  }

  @MessagePattern("channel.join")
  join(
    @Payload() { who, params }: OperationRequest<"channel.join">,
  ): Promise<Result<"channel.join">> {
    return this.channels.join(who, params);
  }

  @MessagePattern("channel.leave")
  leave(
    @Payload() { who, params }: OperationRequest<"channel.leave">,
  ): Promise<Result<"channel.leave">> {
    return this.channels.leave(who, params);
  }

  @MessagePattern("channel.invite")
  invite(
    @Payload() { who, params }: OperationRequest<"channel.invite">,
  ): Promise<Result<"channel.invite">> {
    return this.channels.invite(who, params);
  }

  @MessagePattern("channel.members")
  members(
    @Payload() { who, params }: OperationRequest<"channel.members">,
  ): Promise<Result<"channel.members">> {
    return this.channels.members(who, params);
  }

  @MessagePattern("channel.policy")
  policy(
    @Payload() { who, params }: OperationRequest<"channel.policy">,
  ): Promise<Result<"channel.policy">> {
    return this.channels.policy(who, params);
  }

  @MessagePattern("channel.list")
  list(
    @Payload() { who, params }: OperationRequest<"channel.list">,
  ): Promise<Result<"channel.list">> {
    return this.channels.list(who, params);
  }

  @MessagePattern("block")
  block(@Payload() { who, params }: OperationRequest<"block">): Promise<Result<"block">> {
    return this.blocks.block(who, params);
  }
}
