import { Catch, Inject } from "@nestjs/common";
import type { Observable } from "rxjs";
import { TellwireError } from "@tellwire/contract";
import { isTemporary } from "@tellwire/persistence";
import { RpcErrorFilter } from "@tellwire/rpc";
import type { Logger } from "@tellwire/telemetry";
import { LOG } from "./parts.js";

const RETRY_SECONDS = 1;

/** Tells callers to come again where the database is away, busy or full. */
@Catch()
export class StorageErrorFilter extends RpcErrorFilter {
  constructor(@Inject(LOG) private readonly log: Logger) {
    super();
  }

  override catch(error: unknown): Observable<never> {
    if (!isTemporary(error)) return super.catch(error);
    this.log.warn({ err: (error as Error).message }, "database did not answer");
    return super.catch(
      new TellwireError("upstream", "Storage unavailable", { retryAfter: RETRY_SECONDS }),
    );
  }
}
