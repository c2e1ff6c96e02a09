import { expect, test } from "vitest";
import { readAnswer } from "./http.protocol.js";

test("an answer of the API is told as it is", () => {
  expect(readAnswer(200, '{"id":"a","seq":7}')).toEqual({ seq: 7 });
  const error = { code: -32_001, message: "Rate limit exceeded" };
  expect(readAnswer(429, JSON.stringify({ error }))).toEqual({ error });
});

test.each(["<html>502 Bad Gateway</html>", "", "null", "7", "{}"])(
  "%j is an error by its status",
  (body) => {
    expect(readAnswer(502, body)).toMatchObject({ error: { code: 502 } });
  },
);
