import type { Message } from "@tellwire/contract";
import { describe, expect, it } from "vitest";
import { MethodLimits } from "./method-limits.js";
import { methodOf, readParams } from "./methods.js";
import { statusChanges } from "./presence-snapshots.js";
import { renderEphemeral, renderMessage } from "./render.js";
import { SharedAnswers } from "./shared-answers.js";

const names = { nameOf: (tenant: string) => ({ luminari: "LuminariMUD" })[tenant] ?? tenant };
const at = "2026-01-01T00:00:00.000Z";
const message = (rest: Partial<Message>): Message => ({
  id: "m1",
  topic: "inbox@luminari",
  seq: 7,
  from: "alice@acme",
  kind: "message",
  body: "hi",
  at,
  priority: "normal",
  headers: {},
  correlation_id: null,
  to: "user:bob@luminari",
  ...rest,
});

describe("which method is meant", () => {
  it.each([
    ["tell", {}, false, "tell"],
    ["who", { target_mud: "x" }, false, "who"],
    ["who", { limit: 3 }, false, null],
    ["who", {}, true, "who"],
    ["locate", { user: "x" }, false, null],
    ["publish", {}, true, null],
    ["toString", {}, true, null],
  ])("%s %j, spoken %s: %s", (name, params, spoken, method) => {
    expect(methodOf(name, params, spoken)).toBe(method);
  });

  it("passes over what it does not know, and names what is missing", () => {
    const params = { target_mud: "m", target_user: "u", message: "x", colour: "red" };
    expect(readParams("tell", params)).toEqual({ target_mud: "m", target_user: "u", message: "x" });
    expect(() => readParams("emoteto", { target_mud: "m", target_user: "u" })).toThrow(
      "Missing required parameters: emote",
    );
  });
});

describe("what a message is in the dialect", () => {
  it.each([
    [
      {},
      {
        from_mud: "acme",
        from_user: "alice",
        to_mud: "LuminariMUD",
        to_user: "bob",
        message: "hi",
      },
    ],
    [{ from: "bob%40Dark%20Isle@net" }, { from_mud: "Dark Isle", from_user: "bob" }],
    [
      { from: "@acme", body: { content: "x" } },
      { from_mud: "acme", from_user: "acme", message: "x" },
    ],
    [{ body: { text: "x", visname: "Al" } }, { message: "x", visname: "Al", from_user: "alice" }],
    [{ body: [1] }, { message: "[1]" }],
  ])("%j", (rest, params) => {
    expect(renderMessage(message(rest), names)).toEqual([
      "tell_received",
      expect.objectContaining({ ...params, timestamp: at, id: "m1", seq: 7 }),
    ]);
  });

  it.each([{ kind: "sent" }, { kind: "tombstone" }, { to: undefined }, { kind: "i3.who-req" }])(
    "is nothing for %j",
    (rest) => expect(renderMessage(message(rest as Partial<Message>), names)).toBeNull(),
  );

  it("tells errors, but those that answer a locate", () => {
    const error = (about: unknown) =>
      renderEphemeral(
        {
          topic: "inbox@luminari",
          from: "@net",
          kind: "i3.error",
          at,
          body: {
            to_user: "bob",
            packet: {
              from: { mud: "*i4" },
              to: { mud: "LuminariMUD", user: "bob" },
              body: { code: "unk-dst", message: "no such MUD", packet: about },
            },
          },
        },
        names,
      );
    expect(error(["tell"])).toEqual([
      "error_occurred",
      {
        error_code: "unk-dst",
        error_message: "no such MUD",
        from_mud: "*i4",
        to_mud: "LuminariMUD",
        to_user: "bob",
        context: "i3_packet_error",
        timestamp: at,
      },
    ]);
    expect(error(["locate-req"])).toBeNull();
  });
});

describe("limits of methods", () => {
  it("warn once when a fifth is left, refuse past the end, and give a minute's worth in a minute", () => {
    const limits = new MethodLimits({ tell: 10, channel: 1, who: 0, mudlist: 1 });
    const warnings = Array.from({ length: 10 }, () => limits.take("tell", 0));
    expect(warnings.filter((warning) => warning !== null)).toEqual([{ limit: 10, remaining: 2 }]);
    expect(() => limits.take("tell", 0)).toThrow("Rate limit exceeded");
    expect(() => limits.take("tell", 6000)).not.toThrow();
    expect(() => limits.take("tell", 6000)).toThrow("Rate limit exceeded");
    for (let i = 0; i < 100; i++) expect(limits.take("who", 0)).toBeNull();
  });
});

describe("shared answers", () => {
  it("ask once for all who ask meanwhile, fifty at a time, and tell how old an answer is", async () => {
    let now = 0;
    let asked = 0;
    const answers = new SharedAnswers(1000, () => now);
    const ask = (fresh = false) => answers.get("who x", fresh, async () => ({ n: ++asked }));
    const all = await Promise.all(Array.from({ length: 60 }, () => ask()));
    expect(new Set(all.map(({ value }) => value.n))).toEqual(new Set([1, 2]));
    now = 400;
    expect(await ask()).toEqual({ value: { n: 2 }, ageMs: 400 });
    expect(await ask(true)).toEqual({ value: { n: 3 }, ageMs: 0 });
    now = 1401;
    expect(await ask()).toEqual({ value: { n: 4 }, ageMs: 0 });
  });

  it("are not kept of what failed", async () => {
    const answers = new SharedAnswers(1000, () => 0);
    const failing = () => Promise.reject(new Error("away"));
    await expect(answers.get("x", false, failing)).rejects.toThrow("away");
    expect(await answers.get("x", false, async () => ({}))).toEqual({ value: {}, ageMs: 0 });
  });
});

describe("changes of who is there", () => {
  it("are who came, who left, and whose status is another", () => {
    const before = { users: [{ name: "A" }, { name: "B", status: "idle" }, { name: "C" }] };
    const after = { users: [{ name: "a" }, { name: "B", status: "busy" }, { name: "D" }] };
    expect(statusChanges(before, after)).toEqual([
      { user_name: "B", status: "busy", previous_status: "idle" },
      { user_name: "D", status: "online", previous_status: "offline" },
      { user_name: "C", status: "offline", previous_status: "online" },
    ]);
    expect(statusChanges(null, { users: [] })).toEqual([]);
  });
});
