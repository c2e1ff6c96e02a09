import { TellwireError } from "@tellwire/contract";

/** @param what what there is too much of, for the client to read */
export const rateLimited = (what: string, waitMs: number): TellwireError =>
  new TellwireError("rate_limited", `Rate limit exceeded: ${what}`, {
    retryAfter: Math.max(1, Math.ceil(waitMs)) / 1000,
  });
