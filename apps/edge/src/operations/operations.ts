import {
  isOperation,
  may,
  OPERATIONS,
  TellwireError,
  type OperationName,
  type Params,
  type Result,
} from "@tellwire/contract";
import type { Caller, KnownCaller } from "./caller.js";
import { costOf } from "./cost.js";

/** Handlers of operations that need no identity get any caller. */
type CallerOf<N extends OperationName> = (typeof OPERATIONS)[N] extends { needs: "none" }
  ? Caller
  : KnownCaller;

export type Handler<N extends OperationName> = (
  caller: CallerOf<N>,
  params: Params<N>,
) => Promise<Result<N>> | Result<N>;

export type Handlers = { [N in OperationName]: Handler<N> };

/** What is checked for every operation before its handler runs. */
export interface Gate {
  /**
   * @param cost in operations
   * @throws TellwireError `rate_limited`, with `retryAfter`
   */
  admit(caller: Caller, cost: number): Promise<void> | void;
  /** @throws TellwireError `session_expired` when the token ran out or was revoked */
  stillValid(caller: KnownCaller): void;
}

/**
 * The one door for every protocol: an operation is known, authenticated,
 * admitted, validated and permitted here, in this order, and nowhere else.
 */
export class Operations {
  constructor(
    private readonly handlers: Handlers,
    private readonly gate: Gate,
    private readonly onDone: (operation: OperationName, outcome: string) => void,
  ) {
    for (const name of Object.keys(OPERATIONS)) {
      if (!Object.hasOwn(handlers, name)) throw new Error(`No handler for operation ${name}`);
    }
  }

  /** @throws TellwireError only */
  async perform(caller: Caller, name: string, params: unknown): Promise<unknown> {
    if (!isOperation(name))
      throw new TellwireError("unknown_operation", `Unknown operation: ${name.slice(0, 64)}`);
    try {
      const result = await this.admitted(caller, name, params);
      this.onDone(name, "ok");
      return result;
    } catch (thrown) {
      const error = TellwireError.from(thrown);
      this.onDone(name, error.reason);
      throw error === thrown ? error : Object.assign(error, { cause: thrown });
    }
  }

  private async admitted(caller: Caller, name: OperationName, params: unknown): Promise<unknown> {
    const entry: (typeof OPERATIONS)[OperationName] & { needs?: string } = OPERATIONS[name];
    if (entry.needs !== "none") {
      if (caller.identity === null) throw new TellwireError("not_authenticated");
      this.gate.stillValid(caller as KnownCaller);
    }
    const wait = this.gate.admit(caller, costOf(name, params));
    if (wait !== undefined) await wait;
    const parsed = entry.params.safeParse(params ?? {});
    if (!parsed.success) {
      const [first] = parsed.error.issues;
      const data = parsed.error.issues
        .slice(0, 8)
        .map((i) => ({ field: i.path.join("."), reason: i.message }));
      throw new TellwireError(
        "invalid_params",
        `Invalid params: ${first?.path.join(".") || "params"}: ${first?.message}`,
        { data },
      );
    }
    if (
      entry.permission !== null &&
      !may(caller.identity ?? { permissions: [] }, entry.permission)
    ) {
      throw new TellwireError("not_permitted");
    }
    if (entry.needs === "connection" && caller.connection === null) {
      throw new TellwireError(
        "invalid_request",
        "This operation needs a connection: WebSocket, Socket.IO or /api/events",
      );
    }
    return (this.handlers[name] as (c: Caller, p: unknown) => unknown)(caller, parsed.data);
  }
}
