import { z } from "zod";
import { EVENTS, OPERATIONS, type OperationName } from "@tellwire/contract";

export interface Endpoint {
  summary: string;
  description?: string;
  tags: string[];
  [member: string]: unknown;
}

export interface OpenApi {
  openapi: "3.1.0";
  paths: Record<string, Record<string, Endpoint>>;
  [member: string]: unknown;
}

type Schema = Record<string, unknown>;

const schemaOf = (type: z.ZodType, io: "input" | "output"): Schema => {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io, unrepresentable: "any" });
  return schema;
};

const json = (schema: Schema, description = "Done"): Schema => ({
  description,
  content: { "application/json": { schema } },
});

const FAILED = { $ref: "#/components/responses/error" };

const answers = (status: string, success: Schema): Schema => ({
  [status]: success,
  default: FAILED,
});

const query = (name: string, description: string, schema: Schema = { type: "string" }): Schema => ({
  name,
  in: "query",
  description,
  schema,
});

const paramsOf = (name: OperationName): Schema => schemaOf(OPERATIONS[name].params, "input");
const resultOf = (name: OperationName): Schema => schemaOf(OPERATIONS[name].result, "output");

/** The HTTP interface, made from the catalogue of operations. */
export function openApi(): OpenApi {
  const paths: OpenApi["paths"] = {
    "/api/messages": { post: sendMessage(), get: readMessages() },
    "/api/tokens": {
      post: {
        summary: OPERATIONS["token.create"].summary,
        tags: ["resources"],
        requestBody: { required: true, ...json(paramsOf("token.create"), "Who and how long") },
        responses: answers("201", json(resultOf("token.create"), "Created")),
      },
    },
    "/api/events": { get: streamEvents() },
  };
  for (const name of Object.keys(OPERATIONS) as OperationName[]) {
    const entry: { summary: string; permission: string | null; needs?: string } = OPERATIONS[name];
    const needs = [
      entry.permission && `Needs the permission \`${entry.permission}\`.`,
      entry.needs === "connection" && "Needs a connection: WebSocket, Socket.IO or /api/events.",
      entry.needs === "none" && "Works without credentials.",
    ].filter(Boolean);
    paths[`/api/rpc/${name}`] = {
      post: {
        summary: entry.summary,
        description: needs.join(" "),
        tags: ["operations"],
        operationId: name,
        requestBody: json(paramsOf(name), "The params"),
        responses: answers("200", json(resultOf(name))),
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tellwire",
      version: "1",
      description:
        "One message log for every protocol. The same operations are Socket.IO events and JSON-RPC methods.",
    },
    security: [{ api_key: [] }, { token: [] }],
    paths,
    components: {
      securitySchemes: {
        api_key: { type: "apiKey", in: "header", name: "X-API-Key" },
        token: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
      },
      responses: { error: json(ERROR, "An error of the catalogue; 429 and 503 carry Retry-After") },
    },
  };
}

const ERROR: Schema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "name", "message", "temporary"],
      properties: {
        code: { type: "integer" },
        name: { type: "string" },
        message: { type: "string" },
        temporary: {
          type: "boolean",
          description: "The same request may succeed later, unchanged",
        },
        retry_after: { type: "number", description: "Seconds" },
        data: { description: "For invalid_params: the fields and what is wrong with them" },
      },
    },
  },
};

function sendMessage(): Endpoint {
  const params = paramsOf("publish") as { properties: Schema };
  const { topic, body, kind, ...rest } = params.properties;
  return {
    summary: "Send a message; answered once it is committed.",
    tags: ["resources"],
    requestBody: {
      required: true,
      ...json(
        {
          type: "object",
          additionalProperties: false,
          properties: {
            to: { type: "string", description: "A user: stands for the topic `user:<to>`" },
            topic,
            content: { description: "Stands for `body`" },
            body,
            type: { type: "string", description: "Stands for `kind`" },
            kind,
            ...rest,
          },
        },
        "The message",
      ),
    },
    responses: answers("201", json(resultOf("publish"), "Committed, or scheduled")),
  };
}

function readMessages(): Endpoint {
  const seq = { type: "integer", minimum: 0 };
  const next = (name: string): Schema => ({
    type: "object",
    required: [name],
    properties: { [name]: seq },
  });
  return {
    summary: "Read messages, of a topic or those exchanged with a contact.",
    description:
      "Without `after`, pages start at the newest and go back in time; each is in the order of `seq`. " +
      "`contact_id` looks through one’s own inbox, at most 1000 messages a request, for messages from " +
      "that user and copies of those sent to them: a page may be empty and have a next one. With a key " +
      "that acts as no user it reads the contact’s inbox.",
    tags: ["resources"],
    parameters: [
      query("topic", "A topic; this or contact_id"),
      query("contact_id", "A user; this or topic"),
      query("after", "Only messages with a higher seq", seq),
      query("before", "Only messages with a lower seq", seq),
      query("limit", "100 if absent", { type: "integer", minimum: 1, maximum: 1000 }),
    ],
    responses: answers(
      "200",
      json({
        type: "object",
        required: ["data", "next"],
        properties: {
          data: { type: "array", items: schemaOf(EVENTS.message.params, "output") },
          next: {
            description: "The query member that gives the next page; null at the end",
            oneOf: [next("after"), next("before"), { type: "null" }],
          },
        },
      }),
    ),
  };
}

function streamEvents(): Endpoint {
  const events = Object.entries(EVENTS).map(([name, { summary }]) => `\`${name}\`: ${summary}`);
  return {
    summary: "Receive messages as Server-Sent Events.",
    description: [
      "`topic` may repeat; `after`, if given, repeats in step. A user’s own inbox is part of the stream.",
      "`Last-Event-ID`, which browsers send by themselves, goes on after the last event received.",
      "The first event is `subscribed`, with the result of `subscribe`; before the server ends a stream it sends `close` with a close code.",
      ...events,
    ].join("\n\n"),
    tags: ["resources"],
    parameters: [
      query("topic", "A topic", { type: "array", items: { type: "string" } }),
      query("after", "The highest seq one already has", {
        type: "array",
        items: { type: "integer" },
      }),
      query("token", "A token, where headers cannot be set"),
      { name: "Last-Event-ID", in: "header", schema: { type: "string" } },
    ],
    responses: {
      "200": {
        description: "The stream",
        content: { "text/event-stream": { schema: { type: "string" } } },
      },
      default: FAILED,
    },
  };
}
