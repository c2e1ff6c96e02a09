import type { FastifyRequest } from "fastify";
import type { Caller } from "../../operations/caller.js";
import type { Operations } from "../../operations/operations.js";
import { addressOf, credentialsOf, type Identifier } from "../credentials.js";

/** Performs operations for single requests, which have an identity but no connection. */
export class Performer {
  constructor(
    private readonly operations: Operations,
    private readonly identifier: Identifier,
    private readonly behindProxy: boolean,
  ) {}

  /** @throws TellwireError if the request carries wrong credentials; without any the caller is nobody */
  async callerOf(request: FastifyRequest): Promise<Caller> {
    const { headers, socket } = request;
    const address = addressOf(headers, socket.remoteAddress, this.behindProxy);
    const credentials = credentialsOf(request.raw, "no query");
    const identity =
      credentials === null ? null : await this.identifier.identify({ ...credentials, address });
    return { identity, sessionId: null, connection: null, address };
  }

  perform(caller: Caller, name: string, params: unknown): Promise<unknown> {
    return this.operations.perform(caller, name, params);
  }
}
