import { Controller } from "@nestjs/common";
import { MessagePattern, Payload } from "@nestjs/microservices";
import {
  senderOf,
  TellwireError,
  type OperationRequest,
  type Result,
  type SessionRpc,
} from "@tellwire/contract";
import { HistoryRepository, ScheduledRepository } from "@tellwire/persistence";

/** The log as edges read it. Whether a client may read is decided at its edge. */
@Controller()
export class HistoryController {
  constructor(
    private readonly history: HistoryRepository,
    private readonly scheduled: ScheduledRepository,
  ) {}

  @MessagePattern("history.page")
  page(
    @Payload() params: SessionRpc["history.page"]["params"],
  ): Promise<SessionRpc["history.page"]["result"]> {
    return this.history.page(params);
  }

  @MessagePattern("history.heads")
  heads(
    @Payload() { topics }: SessionRpc["history.heads"]["params"],
  ): Promise<SessionRpc["history.heads"]["result"]> {
    return this.history.heads(topics);
  }

  /** @throws TellwireError `not_found`; `conflict` if the message has been sent or has failed */
  @MessagePattern("cancel")
  async cancel(
    @Payload() { who, params: { id } }: OperationRequest<"cancel">,
  ): Promise<Result<"cancel">> {
    const status = await this.scheduled.cancel(who.tenant, senderOf(who), id);
    if (status === null) throw new TellwireError("not_found", "No such scheduled message");
    if (status !== "cancelled") throw new TellwireError("conflict", `The message was ${status}`);
    return { id, status };
  }
}
