import type { FastifyInstance } from "fastify";
import { inboxOf, TellwireError } from "@tellwire/contract";
import { isObject } from "../json.js";
import {
  contactOf,
  contactPage,
  one,
  pageParams,
  publishParams,
  topicPage,
  type HistoryResult,
  type Query,
} from "./http.codec.js";
import type { Performer } from "./performer.js";

const DEFAULT_LIMIT = 100;
/** Messages of an inbox looked at for one page of a contact: the most that `history` gives. */
const SCAN = 1000;

/** Operations by name, and the resources `/api/messages` and `/api/tokens`. */
export function messageRoutes(app: FastifyInstance, performer: Performer): void {
  app.post<{ Params: { operation: string } }>("/api/rpc/:operation", async (request) =>
    performer.perform(
      await performer.callerOf(request),
      request.params.operation,
      request.body ?? undefined,
    ),
  );

  app.post("/api/messages", async (request, reply) => {
    const caller = await performer.callerOf(request);
    if (!isObject(request.body)) throw new TellwireError("invalid_params", "body: a JSON object");
    const result = await performer.perform(caller, "publish", publishParams(request.body));
    return reply.code(201).send(result);
  });

  app.get<{ Querystring: Query }>("/api/messages", async (request) => {
    const caller = await performer.callerOf(request);
    const { query } = request;
    const page = pageParams(query);
    const topic = one(query, "topic");
    const contactId = one(query, "contact_id");
    if ((topic === undefined) === (contactId === undefined)) {
      throw new TellwireError("invalid_params", "either topic or contact_id");
    }
    const history = async (of: string, limit: number): Promise<HistoryResult> =>
      (await performer.perform(caller, "history", { ...page, topic: of, limit })) as HistoryResult;
    const limit = page.limit ?? DEFAULT_LIMIT;
    if (topic !== undefined) return topicPage(await history(topic, limit), page);
    if (caller.identity === null) throw new TellwireError("not_authenticated");
    const contact = contactOf(contactId as string, caller.identity.tenant);
    const { user } = caller.identity;
    // The tenant as such has no inbox of its own: for it, the conversation is the contact's inbox.
    if (user === null) return topicPage(await history(inboxOf(contact), limit), page);
    if (!(limit >= 1 && limit <= SCAN))
      throw new TellwireError("invalid_params", "limit: 1 to 1000");
    return contactPage(await history(inboxOf(user), SCAN), page, contact, limit);
  });

  app.post("/api/tokens", async (request, reply) => {
    const caller = await performer.callerOf(request);
    return reply.code(201).send(await performer.perform(caller, "token.create", request.body));
  });
}
