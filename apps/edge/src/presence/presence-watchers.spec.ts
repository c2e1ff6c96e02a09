import { describe, expect, it } from "vitest";
import type { EventCodec } from "../connection/wire.js";
import { PresenceWatchers } from "./presence-watchers.js";

function codecOf(name: EventCodec["name"]) {
  const codec = {
    name,
    made: 0,
    encodeEvent(event: string, params: string): Buffer {
      codec.made++;
      return Buffer.from(`${name} ${event} ${params}`);
    },
  };
  return codec;
}

function client(tenant = "acme", codec: EventCodec = codecOf("ws")) {
  const received: string[] = [];
  return {
    identity: { tenant } as never,
    closed: false,
    onClosed: new Set<() => void>(),
    wire: { codec },
    received,
    sendEphemeral: (frame: Buffer) => void received.push(frame.toString()),
  };
}

const nobody = { areFellows: async () => false };

const event = (user: string) => ({ name: "presence" as const, about: user, params: `"${user}"` });

describe("PresenceWatchers", () => {
  it("tell those who asked, with one frame a protocol", () => {
    const watchers = new PresenceWatchers(nobody);
    const [ws, socketio] = [codecOf("ws"), codecOf("socketio")];
    const [a, b, c, d] = [
      client("acme", ws),
      client("acme", ws),
      client("acme", socketio),
      client(),
    ];
    for (const one of [a, b, c]) watchers.watch(one, ["alice@acme", "alice@acme"]);
    watchers.watch(d, ["bob@acme"]);
    watchers.onEvent(event("alice@acme"));
    expect([a.received, b.received, c.received, d.received]).toEqual([
      ['ws presence "alice@acme"'],
      ['ws presence "alice@acme"'],
      ['socketio presence "alice@acme"'],
      [],
    ]);
    expect([ws.made, socketio.made]).toEqual([1, 1]);
  });

  it("tell nothing of another tenant's users, nor of other events", () => {
    const watchers = new PresenceWatchers(nobody);
    const [a, moved] = [client(), client()];
    watchers.watch(a, ["alice@other"]);
    watchers.watch(moved, ["alice@acme"]);
    moved.identity = { tenant: "other" } as never;
    watchers.onEvent(event("alice@other"));
    watchers.onEvent(event("alice@acme"));
    watchers.onEvent({ name: "receipt", about: "alice@acme", params: "{}" });
    expect([a.received, moved.received]).toEqual([[], []]);
  });

  it("tell of the users of a fellow tenant for as long as it is one", async () => {
    let fellows = true;
    const watchers = new PresenceWatchers({ areFellows: async () => fellows });
    const a = client();
    watchers.watch(a, ["bob@other", "eve@stranger"], ["other"]);
    watchers.onControl({ type: "federation", federation: "net", tenant: "other" });
    await new Promise((resolve) => setImmediate(resolve));
    for (const user of ["bob@other", "eve@stranger"]) watchers.onEvent(event(user));
    expect(a.received.splice(0)).toEqual(['ws presence "bob@other"']);
    fellows = false;
    watchers.onControl({ type: "federation", federation: "net", tenant: "other" });
    await new Promise((resolve) => setImmediate(resolve));
    watchers.onEvent(event("bob@other"));
    expect(a.received).toEqual([]);
    fellows = true;
    watchers.watch(a, ["bob@other"], ["other"]);
    fellows = false;
    watchers.onControl({ type: "tenant", tenant: "net" });
    await new Promise((resolve) => setImmediate(resolve));
    watchers.onEvent(event("bob@other"));
    expect(a.received).toEqual([]);
  });

  it("tell whom an edge that died has taken offline", () => {
    const watchers = new PresenceWatchers(nobody);
    const a = client();
    watchers.watch(a, ["alice@acme"]);
    watchers.onControl({ type: "tenant", tenant: "acme" });
    watchers.onControl({ type: "offline", users: ["bob@acme", "alice@acme"], at: 0 });
    expect(a.received).toEqual([
      'ws presence {"user":"alice@acme","status":"offline","at":"1970-01-01T00:00:00.000Z"}',
    ]);
  });

  it("forget a connection that has closed, and the users asked about longest ago", () => {
    const watchers = new PresenceWatchers(nobody);
    const [a, b] = [client(), client()];
    watchers.watch(b, ["u0@acme"]);
    const users = Array.from({ length: 501 }, (_, i) => `u${i}@acme`);
    watchers.watch(a, users.slice(0, 500));
    watchers.watch(a, ["u0@acme", "u500@acme"]);
    for (const user of ["u0@acme", "u1@acme", "u500@acme"]) watchers.onEvent(event(user));
    expect(a.received).toEqual(['ws presence "u0@acme"', 'ws presence "u500@acme"']);
    for (const done of a.onClosed) done();
    watchers.onEvent(event("u0@acme"));
    expect(a.received).toHaveLength(2);
    expect(b.received).toHaveLength(2);
  });
});
