import { expect, test } from "vitest";
import intermud from "./intermud.protocol.js";

const converse = () => intermud.converse({ api_key: "k", user: "alice" });
const call = (frame: unknown) => JSON.parse(String(frame)) as { method: string; params: object };

test("authenticates as a MUD, once it is greeted", () => {
  const conversation = converse();
  expect(conversation.opening()).toBeNull();
  const answer = conversation.incoming('{"jsonrpc":"2.0","method":"welcome","params":{}}');
  expect(answer).toMatchObject({ kind: "answer" });
  const { frame } = answer as { frame: string };
  expect(call(frame)).toMatchObject({ method: "authenticate", params: { api_key: "k" } });
  expect(call(frame).params).not.toHaveProperty("user");
  const answered = '{"jsonrpc":"2.0","id":0,"result":{"status":"authenticated"}}';
  expect(conversation.incoming(answered)).toEqual({ kind: "ready" });
});

test("a user's topic is told to, a channel is joined and spoken in", () => {
  const conversation = converse();
  expect(call(conversation.publish(1, "user:player@demo-mud-2", "hi"))).toMatchObject({
    id: 1,
    method: "tell",
    params: {
      target_mud: "demo-mud-2",
      target_user: "player",
      message: "hi",
      from_user: "alice",
    },
  });
  expect(call(conversation.subscribe(2, "channel:load-1-2"))).toMatchObject({
    method: "channel_join",
    params: { channel: "load-1-2" },
  });
  expect(call(conversation.publish(3, "channel:load-1-2", "hi"))).toMatchObject({
    method: "channel_send",
    params: { channel: "load-1-2", message: "hi", from_user: "alice" },
  });
});

test("what is sent has its seq, and what is refused its error", () => {
  const conversation = converse();
  const sent = {
    jsonrpc: "2.0",
    id: 4,
    result: { status: "sent", message_id: "tell_x_1", seq: 9 },
  };
  expect(conversation.incoming(JSON.stringify(sent))).toMatchObject({ kind: "reply", seq: 9 });
  const refused = { jsonrpc: "2.0", id: 5, error: { code: -32_001, message: "Rate limit" } };
  expect(conversation.incoming(JSON.stringify(refused))).toMatchObject({
    kind: "reply",
    id: 5,
    error: "-32001 Rate limit",
  });
});
