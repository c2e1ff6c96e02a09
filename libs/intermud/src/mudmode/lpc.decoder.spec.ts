import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LpcFloat, type LpcValue } from "./lpc-value.js";
import { decodeText, MAX_DEPTH, type Decoded } from "./lpc.decoder.js";

const read = (text: string | Buffer): Decoded => decodeText(Buffer.from(text));
const one = (text: string | Buffer): LpcValue | undefined => {
  const { values, error } = read(text);
  if (error) throw error;
  expect(values).toHaveLength(1);
  return values[0];
};

describe("values", () => {
  it("are strings, ints, floats, arrays and mappings within one another", () => {
    const text = '({"a",-7,1.5,-2.0e-3,({}),([]),(["k":({0,}),3:"v",]),})\0';
    expect(one(text)).toEqual([
      "a",
      -7,
      new LpcFloat(1.5),
      new LpcFloat(-0.002),
      [],
      new Map(),
      new Map<string | number, LpcValue>([
        ["k", [0]],
        [3, "v"],
      ]),
    ]);
  });

  it("keep the 64 bits of an int", () => {
    expect(one("({9223372036854775807,-9007199254740992,9007199254740991,-0,})")).toEqual([
      9223372036854775807n,
      -9007199254740992n,
      9007199254740991,
      0,
    ]);
  });

  it("may be named as objects of JavaScript are", () => {
    expect(one('(["__proto__":1,"constructor":2,])')).toEqual(
      new Map([
        ["__proto__", 1],
        ["constructor", 2],
      ]),
    );
  });
});

describe("strings", () => {
  it("carry a line end as CR, quotes and backslashes escaped", () => {
    expect(one('"a\\"b\\\\c\rd\r\ne\nf"')).toBe('a"b\\c\nd\ne\nf');
  });

  it("are UTF-8, or Latin-1 where they are not, each for itself", () => {
    const text = Buffer.concat([
      Buffer.from('({"é€",'),
      Buffer.from('"\u00e9"', "latin1"),
      Buffer.from(',"\\""})'),
    ]);
    expect(one(text)).toEqual(["é€", "é", '"']);
  });

  it("keep colour codes", () => {
    expect(one('"%^RED%^hi%^RESET%^"')).toBe("%^RED%^hi%^RESET%^");
  });

  it.each([
    ['({"hi "there" \\ back",5,})', ['hi "there" \\ back', 5]],
    ['({"say "hi", then (he) left",})', ['say "hi", then (he) left']],
    ['({"a "quoted"",({"b" b",}),})', ['a "quoted"', ['b" b']]],
    ['(["k "key" k":"v "v" v",])', new Map([['k "key" k', 'v "v" v']])],
  ])("are understood where a router lost the escapes: %s", (text, value) => {
    expect(one(text)).toEqual(value);
  });
});

describe("what peers do otherwise", () => {
  it.each([
    "({1,})",
    "({1,})\0",
    "({1,})\r",
    "({1,})\r\n\0",
    "({1})",
    " ({ 1 , } ) ".replace("} )", "})"),
  ])("reads %j", (text) => expect(one(text)).toEqual([1]));

  it("reads a blank after a colon, and no comma at the end", () => {
    const text = '({"irn-startup-req",5,"*r",0,0,0,(["client_password": 1,"server_password": 2])})';
    expect((one(text) as LpcValue[])[6]).toEqual(
      new Map([
        ["client_password", 1],
        ["server_password", 2],
      ]),
    );
  });

  it("reads several packets in one frame", () => {
    expect(read('({"a",})\r({"chan-ack",})\r')).toEqual({ values: [["a"], ["chan-ack"]] });
    expect(read("({1,})({2,})\0({3,})\0").values).toEqual([[1], [2], [3]]);
  });

  it("reads a mapping that was opened the wrong way round", () => {
    expect(one('(["Mud":[("port":1,]),])')).toEqual(new Map([["Mud", new Map([["port", 1]])]]));
  });

  it("reads a frame without any packet", () => {
    expect(read("\0")).toEqual({ values: [] });
    expect(read("")).toEqual({ values: [] });
  });
});

describe("malformed text", () => {
  it.each([
    "({",
    "({1",
    '({"a',
    '({"a"',
    "({1 2})",
    "({,})",
    "({1,,})",
    "({1]))",
    '(["a"])',
    '(["a":])',
    "([({}):1,])",
    "([1.5:1,])",
    "({-})",
    "({.})",
    "({1e})",
    "({1e999,})",
    "({9223372036854775808,})",
    `({${"9".repeat(100)},})`,
    '({"a\0b",})',
    "nil",
    "({1,})}",
  ])("is an error: %s", (text) => {
    expect(read(text).error).toMatchObject({ name: "MudmodeError", fault: "malformed" });
  });

  it("keeps what came before it", () => {
    const { values, error } = read('({1,})\r({"tell",5,"Mud",({2,}),?})');
    expect(values).toEqual([[1]]);
    expect(error?.partial).toEqual(["tell", 5, "Mud", [2]]);
  });

  it("is also what nests too deep, however deep", () => {
    const nested = (depth: number): string => "({".repeat(depth) + "})".repeat(depth);
    expect(read(nested(MAX_DEPTH)).error).toBeUndefined();
    expect(read(nested(MAX_DEPTH + 1)).error?.fault).toBe("too-deep");
    expect(read("([1:".repeat(500_000)).error?.fault).toBe("too-deep");
  });
});

/** Counts the bytes a decoder looks at: those it indexes, and the spans it hands to Buffer's own methods. */
function watched(bytes: Buffer): { bytes: Buffer; steps: () => number } {
  let steps = 0;
  const proxy = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === "string" && /^\d/.test(key)) {
        steps++;
        return target[Number(key)];
      }
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const numbers = args.filter((arg) => typeof arg === "number");
        steps += (numbers[1] ?? target.length) - (numbers[0] ?? 0);
        return member.apply(target, args) as unknown;
      };
    },
  });
  return { bytes: proxy, steps: () => steps };
}

it("looks at each byte a few times, whatever the text", () => {
  const pieces = [
    '"',
    '" ',
    '",',
    '", ',
    '",  "',
    '":',
    "\\",
    "\r",
    "   ",
    "1",
    ",",
    "({",
    '({"',
    '(["',
    "})",
    "a",
    "é",
    "9.9",
  ];
  const piece = fc.constantFrom(...pieces);
  const text = fc
    .tuple(
      fc.array(piece, { maxLength: 3 }),
      fc.array(piece, { minLength: 1, maxLength: 3 }),
      piece,
    )
    .map(([head, body, tail]) => head.join("") + body.join("").repeat(2_000) + tail);
  fc.assert(
    fc.property(text, (each) => {
      const { bytes, steps } = watched(Buffer.from(each));
      decodeText(bytes);
      expect(steps()).toBeLessThan(24 * bytes.length);
    }),
    { numRuns: 100 },
  );
});
