import { expect, test } from "vitest";
import { command, parseCommand, parseReply, reply } from "./commands.js";
import { postRequest, readAnswer } from "./http-post.js";

test("a POST tells its length", () => {
  expect(postRequest("h:1", "/pub/a", "~tw:1~ two")).toBe(
    "POST /pub/a HTTP/1.1\r\nHost: h:1\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n~tw:1~ two",
  );
});

test("an answer is read when all of it has come, and no further", () => {
  const answer = "HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\nServer: x\r\n\r\nbody";
  for (let cut = 0; cut < answer.length; cut++) {
    expect(readAnswer(answer.slice(0, cut))).toBeNull();
  }
  expect(readAnswer(`${answer}HTTP/1.1 201`)).toEqual({ status: 202, end: answer.length });
  expect(readAnswer("HTTP/1.1 204 No Content\r\n\r\n")).toEqual({ status: 204, end: 27 });
});

test("commands and replies come back as they were made", () => {
  const publish = { verb: "publish", id: 7, topic: "channel:a", body: "a  b " } as const;
  expect(parseCommand(command("publish", 7, "channel:a", "a  b "))).toEqual(publish);
  expect(parseCommand(command("hello", 0))).toEqual({ verb: "hello", id: 0, topic: "", body: "" });
  expect(parseReply(reply(7))).toEqual({ id: 7, error: undefined });
  expect(parseReply(reply(7, "HTTP 507"))).toEqual({ id: 7, error: "HTTP 507" });
});
