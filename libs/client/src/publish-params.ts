import { RequestError } from "./errors.js";
import { orderName } from "./topic-name.js";
import type { PublishOptions, Timestamp } from "./types.js";
import { uuidv7 } from "./uuid.js";

/**
 * The params of `publish`. The body is copied, so that what is sent again after
 * a lost answer is what was sent at first: another content under the same id
 * would be a conflict.
 * @throws RequestError `invalid_params` where the body is no JSON value, `too_large`
 */
export function publishParams(
  topic: string,
  body: unknown,
  options: PublishOptions,
  maxBodyBytes: number = Infinity,
): object {
  const { id, kind, priority, headers, correlationId, expiresAt, sendAt, ephemeral, from } =
    options;
  const text = JSON.stringify(body);
  if (text === undefined) throw refusal(-32602, "invalid_params", "The body is no JSON value");
  if (bytesOf(text, maxBodyBytes) > maxBodyBytes) {
    throw refusal(-32008, "too_large", `A body may have ${maxBodyBytes} bytes`);
  }
  return {
    topic,
    body: JSON.parse(text) as unknown,
    ...(ephemeral ? { ephemeral } : { id: id ?? uuidv7() }),
    ...(kind !== undefined && { kind }),
    ...(priority !== undefined && { priority }),
    ...(headers !== undefined && { headers: { ...headers } }),
    ...(correlationId !== undefined && { correlation_id: correlationId }),
    ...(expiresAt !== undefined && { expires_at: wireTime(expiresAt) }),
    ...(sendAt !== undefined && { send_at: wireTime(sendAt) }),
    ...(from !== undefined && { from }),
  };
}

/** A sender's order holds per topic and lane: express carries critical and high, bulk the rest. */
export function orderKey(topic: string, { priority }: PublishOptions): string {
  const lane = priority === "critical" || priority === "high" ? "express" : "bulk";
  return `${lane} ${orderName(topic)}`;
}

/** Counts only where it matters: no UTF-16 unit makes more than three bytes. */
const bytesOf = (text: string, most: number): number =>
  text.length * 3 <= most ? text.length : new TextEncoder().encode(text).length;

const refusal = (code: number, name: string, message: string): RequestError =>
  new RequestError({ code, name, message, temporary: false });

const wireTime = (time: Timestamp): string | number =>
  time instanceof Date ? time.toISOString() : time;
