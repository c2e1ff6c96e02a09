import * as contract from "@tellwire/contract";
import fc from "fast-check";
import { expect, it } from "vitest";
import { canonicalTopic, orderName } from "./topic-name.js";

const name = fc.oneof(fc.string({ unit: "binary", maxLength: 12 }), fc.webPath({ size: "small" }));
const topic = fc
  .tuple(
    fc.constantFrom("channel:", "user:"),
    name,
    fc.boolean(),
    fc.constantFrom("", "@acme", "@other-1"),
  )
  .map(([type, raw, encode, tenant]) => {
    const text = raw.replaceAll("@", "");
    return type + (encode && text.isWellFormed() ? encodeURIComponent(text) : text) + tenant;
  });

it("spells every valid topic as the server does", () => {
  fc.assert(
    fc.property(topic, (given) => {
      let theirs: string;
      try {
        theirs = contract.canonicalTopic(given, "acme");
      } catch {
        canonicalTopic(given, "acme");
        return;
      }
      expect(canonicalTopic(given, "acme")).toBe(theirs);
      expect(orderName(given)).toBe(orderName(theirs));
    }),
    { numRuns: 2_000 },
  );
  expect(canonicalTopic("inbox", "acme")).toBe(contract.canonicalTopic("inbox", "acme"));
  expect(canonicalTopic("channel:cafe\u0301", "acme")).toBe("channel:caf%C3%A9@acme");
});
