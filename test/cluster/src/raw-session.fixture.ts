import { eventually } from "@tellwire/testing";
import { expect } from "vitest";
import { frame, framesOf, RawSocket } from "./raw-socket.fixture.js";

interface Joining {
  key: string;
  user: string;
  topic: string;
  /** Begins after this seq; at the newest message if undefined. */
  after?: number;
}

/** A subscriber that can stop reading, by each protocol, on a socket of its own. */
export const RAW_SUBSCRIBERS = {
  async ws(port: number, { key, user, topic, after }: Joining): Promise<RawSocket> {
    const raw = await RawSocket.webSocket(port);
    const call = (id: number, method: string, params: object): void =>
      raw.write(frame(0x81, JSON.stringify({ jsonrpc: "2.0", id, method, params })));
    call(1, "authenticate", { api_key: key, user });
    call(2, "subscribe", { topics: [{ topic, after }] });
    return raw;
  },
  async socketio(port: number, { key, user, topic, after }: Joining): Promise<RawSocket> {
    const raw = await RawSocket.webSocket(port, "/socket.io/?EIO=4&transport=websocket");
    raw.write(frame(0x81, `40${JSON.stringify({ api_key: key, user })}`));
    // An event before the answer would end the connection.
    await eventually(() =>
      expect(framesOf(raw.received).texts.some((text) => text.startsWith("40"))).toBe(true),
    );
    raw.write(frame(0x81, `420${JSON.stringify(["subscribe", { topics: [{ topic, after }] }])}`));
    return raw;
  },
  async sse(port: number, { key, user, topic, after }: Joining): Promise<RawSocket> {
    const raw = await RawSocket.open(port);
    const query = new URLSearchParams({ topic });
    if (after !== undefined) query.set("after", String(after));
    raw.write(
      `GET /api/events?${query} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nX-User: ${user}\r\n\r\n`,
    );
    return raw;
  },
};

/** The seqs of the messages that came, by any protocol; the last message may be cut off. */
export function seqsIn(raw: RawSocket): number[] {
  const text = raw.received.toString("latin1");
  return [...text.matchAll(/"seq":(\d+),/g)].map(([, seq]) => Number(seq));
}
