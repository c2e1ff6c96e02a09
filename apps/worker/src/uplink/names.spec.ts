import { describe, expect, it } from "vitest";
import { foreignOf, isForeign, nameOnNetwork, userNamed, userOfForeign } from "./names.js";
import { network } from "./network.fixture.js";

describe("a user of a foreign MUD", () => {
  it.each([
    [{ user: "bob", mud: "Dark Isle" }, "bob%40Dark%20Isle@net"],
    [{ user: "b@d", mud: "Isle" }, "b%40d%40Isle@net"],
    [{ user: "jürgen", mud: "Ünder" }, "j%C3%BCrgen%40%C3%9Cnder@net"],
  ])("is a user of the network’s tenant: %j", (user, canonical) => {
    expect(userOfForeign(network, user)).toBe(canonical);
    expect(foreignOf(canonical)).toEqual(user);
    expect(isForeign(canonical)).toBe(true);
  });

  it.each([
    ["a\u0007b", "Isle"],
    ["x".repeat(300), "Isle"],
    ["a\ud800", "Isle"],
  ])("has to have a name that can be one", (user, mud) => {
    expect(userOfForeign(network, { user, mud })).toBeNull();
  });

  it.each(["alice@acme", "@acme", "%40Isle@net", "bob%40@net"])("is not %s", (user) => {
    expect(isForeign(user)).toBe(false);
  });
});

describe("a user of the federation", () => {
  it.each([
    ["alice@acme", "alice"],
    ["Al%20ice@acme", "al ice"],
    ["alice@dead-souls", "alice.dead-souls"],
    ["@dead-souls", "dead-souls"],
  ])("%s is called %s on the network", (user, name) => {
    expect(nameOnNetwork(network, user)).toBe(name);
  });

  it.each([
    ["alice", "alice@acme"],
    ["alice.dead-souls", "alice@dead-souls"],
    // No tenant, so it belongs to the name.
    ["a.lice", "a.lice@acme"],
    [".acme", ".acme@acme"],
    ["a\u0007", null],
  ])("is meant by %j: %s", (name, user) => {
    expect(userNamed(network, name)).toBe(user);
  });

  it("is nobody without a tenant where nobody is at home", () => {
    const homeless = { ...network, home: null };
    expect(userNamed(homeless, "alice")).toBeNull();
    expect(userNamed(homeless, "alice.acme")).toBe("alice@acme");
    expect(nameOnNetwork(homeless, "alice@acme")).toBe("alice.acme");
  });
});
