import { beforeEach, describe, expect, it } from "vitest";
import { FederationDirectory } from "./federation-directory.js";

const member = (tenant: string) => ({ tenant, name: tenant, sharedInbox: false });

describe("FederationDirectory", () => {
  let members: string[];
  let asked: string[];
  let directory: FederationDirectory;

  beforeEach(() => {
    members = ["one", "two"];
    asked = [];
    directory = new FederationDirectory(
      {
        call: (async (_: string, { federation }: { federation: string }) => {
          asked.push(federation);
          return federation === "net" ? { federation, members: members.map(member) } : null;
        }) as never,
      },
      { federationsOf: async (tenant) => (tenant === "alone" ? [] : ["net", "gone"]) },
    );
  });

  it("knows a tenant's fellows, and its federations beside them", async () => {
    expect(await directory.of("one")).toEqual([
      { federation: "net", members: [member("one"), member("two")] },
    ]);
    for (const [other, reaches, fellows] of [
      ["two", true, true],
      ["net", true, false],
      ["gone", false, false],
      ["three", false, false],
    ] as const) {
      expect(await directory.reaches("one", other)).toBe(reaches);
      expect(await directory.areFellows("one", other)).toBe(fellows);
    }
    expect(asked).toEqual(["net", "gone"]);
  });

  it("asks nothing for a tenant that is in no federation, nor believes an older word", async () => {
    expect(await directory.reaches("alone", "two")).toBe(false);
    expect(asked).toEqual([]);
    // It has left, and nobody has told what is known of the tenant itself.
    members = ["two"];
    expect(await directory.reaches("one", "two")).toBe(false);
  });

  it("forgets what a control event says has changed, and only that", async () => {
    await directory.of("one");
    members = ["one"];
    directory.onControl({ type: "tenant", tenant: "three" });
    directory.onControl({ type: "federation", federation: "other", tenant: "two" });
    expect(await directory.areFellows("one", "two")).toBe(true);
    directory.onControl({ type: "federation", federation: "net", tenant: "two" });
    expect(await directory.areFellows("one", "two")).toBe(false);
    members = ["one", "two"];
    for (const tenant of ["one", "net"]) {
      directory.onControl({ type: "tenant", tenant });
      expect(await directory.areFellows("one", "two")).toBe(true);
      members = members.toReversed();
    }
    directory.onGap();
    members = ["one"];
    expect(await directory.areFellows("one", "two")).toBe(false);
  });
});
