import { describe, expect, it } from "vitest";
import type { Message } from "@tellwire/contract";
import { HISTORY } from "../gateway-fixture.js";
import { contactPage, pageParams, publishParams, topicPage } from "./http.codec.js";

const inbox = HISTORY as Message[];
const seqs = (messages: Message[]): number[] => messages.map((m) => m.seq);

describe("publishParams", () => {
  it("reads the words of the resource", () => {
    expect(publishParams({ to: "bob", content: "hi", type: "text", id: "x" })).toEqual({
      topic: "user:bob",
      body: "hi",
      kind: "text",
      id: "x",
    });
    expect(publishParams({ topic: "channel:a", body: null })).toEqual({
      topic: "channel:a",
      body: null,
    });
  });

  it.each([
    { to: 5, body: 1 },
    { to: "a", topic: "channel:a", body: 1 },
    { to: "a", body: 1, content: 1 },
    { to: "a", body: 1, type: "a", kind: "b" },
    { to: "a" },
  ])("refuses %j", (body) => {
    expect(() => publishParams(body)).toThrow(
      expect.objectContaining({ reason: "invalid_params" }),
    );
  });
});

describe("pages", () => {
  it("leaves what is no number for the operation’s schema to name", () => {
    expect(pageParams({ after: "5", before: "x", limit: "" })).toEqual({
      after: 5,
      before: Number.NaN,
      limit: Number.NaN,
    });
    expect(() => pageParams({ after: ["1", "2"] })).toThrow("given twice");
  });

  it("goes back in time, or on from a seq", () => {
    expect(topicPage({ messages: inbox, more: true }, {}).next).toEqual({ before: 1 });
    expect(topicPage({ messages: inbox, more: true }, { after: 0 }).next).toEqual({ after: 3 });
    expect(topicPage({ messages: inbox, more: false }, {}).next).toBeNull();
  });

  it("finds what concerns a contact, and loses nothing between pages", () => {
    const all = { messages: inbox, more: false };
    expect(contactPage(all, {}, "bob@acme", 10)).toEqual({ data: inbox.slice(0, 2), next: null });
    const newest = contactPage(all, {}, "bob@acme", 1);
    expect([seqs(newest.data), newest.next]).toEqual([[2], { before: 2 }]);
    const oldest = contactPage(all, { after: 0 }, "bob@acme", 1);
    expect([seqs(oldest.data), oldest.next]).toEqual([[1], { after: 1 }]);
    expect(contactPage({ messages: inbox, more: true }, {}, "dave@acme", 10)).toEqual({
      data: [],
      next: { before: 1 },
    });
  });
});
