import { expect, test } from "vitest";
import stomp from "./stomp.protocol.js";

const conversation = stomp.converse({ api_key: "", user: "ann" });

test("a publish is persistent, asks for a receipt, and escapes its destination", () => {
  expect(conversation.publish(7, "channel:a", "hello")).toBe(
    "SEND\ndestination:/topic/channel\\ca\npersistent:true\ncontent-type:text/plain\n" +
      "content-length:5\nreceipt:7\n\nhello\0",
  );
});

test("a subscription has a durable queue of the user's name", () => {
  const frame = conversation.subscribe(1, "channel:a");
  for (const header of ["id:ann", "x-queue-name:ann", "durable:true", "receipt:1"]) {
    expect(frame).toContain(`\n${header}\n`);
  }
});

test.each([
  ["CONNECTED\nversion:1.2\n\n\0", { kind: "ready" }],
  ["RECEIPT\nreceipt-id:7\n\n\0", { kind: "reply", id: 7 }],
  ["ERROR\nmessage:Bad CONNECT\n\nx\0", { kind: "refused", reason: "Bad CONNECT" }],
])("%j is understood", (frame, incoming) => expect(conversation.incoming(frame)).toEqual(incoming));
