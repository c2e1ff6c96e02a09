import { describe, expect, it } from "vitest";
import type { StoredMessage } from "@tellwire/contract";
import { copyOf } from "./copy-of.js";

const original: StoredMessage = {
  id: "0190a1b2-0000-7000-8000-000000000001",
  topic: "user:bob@acme",
  seq: 7,
  from: "alice@acme",
  kind: "text",
  body: Buffer.from([0, 255, 34]),
  at: 1,
  priority: "high",
  headers: Buffer.from('{"a":"ü","to":"somewhere"}'),
  correlationId: "c",
  expiresAt: 2,
};

const of = (message: StoredMessage, sharesInbox = false) => ({ message, sharesInbox });

describe("a copy", () => {
  it("goes to the sender’s own inbox and says to whom the original went", () => {
    const copy = copyOf(of(original), "row");
    expect(copy).toMatchObject({
      topic: "user:alice@acme",
      from: "alice@acme",
      role: "system",
      kind: "sent",
      priority: "high",
      body: original.body,
      correlationId: "c",
      expiresAt: 2,
      outboxId: "row",
    });
    expect(JSON.parse(copy.headers!.toString())).toEqual({ a: "ü", to: "user:bob@acme" });
    expect(
      JSON.parse(copyOf(of({ ...original, headers: null }), "row").headers!.toString()),
    ).toEqual({
      to: "user:bob@acme",
    });
  });

  it("goes to and tells of the one user that is meant where inboxes are shared", () => {
    const message = { ...original, topic: "inbox@mud", to: "user:bob@mud", headers: null };
    const copy = copyOf(of(message, true), "row");
    expect(copy).toMatchObject({ topic: "inbox@acme", to: "user:alice@acme" });
    expect(JSON.parse(copy.headers!.toString())).toEqual({ to: "user:bob@mud" });
    expect(copyOf(of(message), "row").to).toBeUndefined();
  });

  it("has an id of its own that follows from the original’s", () => {
    const { id } = copyOf(of(original), "row");
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(copyOf(of(original), "other row").id).toBe(id);
    expect(copyOf(of({ ...original, topic: "user:carol@acme" }), "row").id).not.toBe(id);
    expect(copyOf(of({ ...original, id: original.id.replace(/1$/, "2") }), "row").id).not.toBe(id);
  });
});
