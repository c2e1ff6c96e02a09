import {
  canonicalTopic,
  canonicalUser,
  may,
  placeOf,
  senderOf,
  tenantOf,
  TellwireError,
  type Ack,
  type Identity,
  type Params,
  type Place,
  type PublishItem,
  type Result,
} from "@tellwire/contract";
import type { EphemeralBus } from "@tellwire/ephemeral";
import type { AccessCache } from "../access/access-cache.js";
import type { Inboxes } from "../access/inboxes.js";
import type { ClusterClock } from "../instance/cluster-clock.js";
import type { Ingress } from "../ingress/ingress.js";
import { newMessageId } from "./message-id.js";
import type { Handler } from "./operations.js";

const FARTHEST_MS = 366 * 24 * 60 * 60 * 1000;

/** Publishes: through the log, or (ephemeral) past it. */
export function publishOperation(
  ingress: Pick<Ingress, "publish">,
  access: Pick<AccessCache, "check">,
  inboxes: Pick<Inboxes, "write">,
  ephemeral: Pick<EphemeralBus, "publish">,
  /** Bytes of a body as JSON. */
  mostBytes: number,
  clock: Pick<ClusterClock, "now">,
): Handler<"publish"> {
  return async ({ identity }, asked) => {
    const topic = canonicalTopic(asked.topic, identity.tenant);
    const speaker = asked.from === undefined ? identity : speakerFor(identity, asked.from);
    let place: Place;
    if (tenantOf(topic) === identity.tenant) place = inboxes.write(topic, identity.tenant);
    else {
      // The router decides as well, and alone about what is the sender's own tenant's.
      const { sharedInbox = false } = await access.check(speaker, topic, "publish");
      place = placeOf(topic, sharedInbox);
    }
    const body = jsonOf(asked.body, mostBytes);
    if (asked.priority === "critical" && !may(identity, "critical")) {
      throw new TellwireError("not_permitted", "The priority critical is not permitted");
    }
    if (asked.ephemeral === true) {
      refuseTimes(asked);
      await access.check(speaker, topic, "publish");
      const params = {
        topic: place.topic,
        from: senderOf(speaker),
        kind: asked.kind ?? "message",
        body: asked.body,
        at: new Date().toISOString(),
        ...(place.to !== undefined && { to: place.to }),
      };
      ephemeral.publish(place.topic, { name: "ephemeral", params }, place.to);
      return { status: "sent" };
    }
    const item = itemOf(asked, speaker, place, body, clock.now());
    if (asked.from !== undefined) item.role = "agent";
    return resultOf(item, await ingress.publish(item, identity.tenant));
  };
}

/**
 * The user for whom a session of the tenant as such speaks: what it says is bound by that
 * user's rights, and keeps its own permissions.
 * @throws TellwireError `not_permitted`
 */
function speakerFor(identity: Identity, from: string): Identity {
  if (identity.user !== null || !may(identity, "act_as")) {
    throw new TellwireError(
      "not_permitted",
      "Only the tenant itself, with act_as, says who speaks",
    );
  }
  const user = canonicalUser(from, identity.tenant);
  if (tenantOf(user) !== identity.tenant) {
    throw new TellwireError("not_permitted", "The user is of another tenant");
  }
  return { ...identity, user };
}

function itemOf(
  params: Params<"publish">,
  identity: Identity,
  { topic, to }: Place,
  body: Buffer,
  now: number,
): Omit<PublishItem, "req"> {
  const sendAt = timeOf(params.send_at, "send_at", now);
  const expiresAt = timeOf(params.expires_at, "expires_at", now);
  if (sendAt !== null && expiresAt !== null && expiresAt <= sendAt) throw outOfRange("expires_at");
  const item: Omit<PublishItem, "req"> = {
    type: "publish",
    id: params.id ?? newMessageId(),
    topic,
    from: senderOf(identity),
    // What the channel policies do not bind is decided by the same rule everywhere: an admin's key.
    role: identity.user === null && may(identity, "admin") ? "tenant" : "user",
    kind: params.kind ?? "message",
    priority: params.priority ?? "normal",
    body,
    headers: params.headers === undefined ? null : Buffer.from(JSON.stringify(params.headers)),
    correlationId: params.correlation_id ?? null,
    expiresAt,
    sendAt,
  };
  if (to !== undefined) item.to = to;
  return item;
}

function resultOf(
  { id, topic }: Omit<PublishItem, "req">,
  result: Ack["result"],
): Result<"publish"> {
  switch (result.status) {
    case "committed": {
      const { seq, at, duplicate } = result;
      return { id, topic, seq, at: new Date(at).toISOString(), duplicate };
    }
    case "scheduled":
      return { id, status: "scheduled" };
    case "failed":
      throw TellwireError.fromWire(result.error);
  }
}

/** @throws TellwireError `invalid_params` for what is no JSON, `too_large` */
function jsonOf(body: unknown, mostBytes: number): Buffer {
  if (body === undefined)
    throw new TellwireError("invalid_params", "Invalid params: body: required");
  let text: string;
  try {
    text = JSON.stringify(body);
  } catch {
    throw new TellwireError("invalid_params", "Invalid params: body: nested too deeply");
  }
  const bytes = Buffer.from(text);
  if (bytes.length > mostBytes) {
    throw new TellwireError("too_large", `A body may have ${mostBytes} bytes`);
  }
  return bytes;
}

/**
 * A time that has passed is taken: a publish may be said again, and was perhaps
 * committed before. If it was not, a message that has expired is one whose
 * tombstone is delivered, and one that was due is sent now.
 */
function timeOf(value: string | number | undefined, field: string, now: number): number | null {
  if (value === undefined) return null;
  const time = typeof value === "number" ? value : Date.parse(value);
  if (!(time >= 0) || time > now + FARTHEST_MS) throw outOfRange(field);
  return time;
}

const outOfRange = (field: string): TellwireError =>
  new TellwireError("invalid_params", `Invalid params: ${field}: out of range`);

function refuseTimes(params: Params<"publish">): void {
  if (params.send_at !== undefined || params.expires_at !== undefined) {
    throw new TellwireError(
      "invalid_params",
      "Invalid params: an ephemeral message has no send_at or expires_at",
    );
  }
}
