import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { FrameCutter, textFrame } from "./bare-frames.js";

/**
 * The floor of an edge: rooms in one process with framing of its own on `upgrade`.
 * No sign-in, sessions, limits, checks, order, log or Redis. A publish becomes one
 * frame for the whole room and one ack. As many publishes gather as Tellwire appends
 * at once at the same rate, then each socket is written to once. Frames are as long
 * as Tellwire's.
 */
interface Room {
  seq: number;
  members: Member[];
}

interface Call {
  id: number;
  method: string;
  params: { topics: { topic: string }[]; topic: string; body: unknown };
}

const WEB_SOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3
const ID = "019aa95f-3f2e-7c3a-9d5e-0123456789ab";
const AT = "2026-01-01T00:00:00.000Z";
const rooms = new Map<string, Room>();
/** What gathers goes after this long all the same: at the end nothing more comes. */
const LONGEST_MS = 100;

/** Publishes that gather; the mean of whole numbers. */
let batch = 1;
let due = new Set<Member>();
let [gathered, flushes] = [0, 0];
let timer: NodeJS.Timeout | undefined;

function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  gathered = 0;
  flushes++;
  const members = due;
  due = new Set();
  for (const member of members) member.flush();
}

/** Within the turn in which the batch is full. */
function gather(): void {
  timer ??= setTimeout(flush, LONGEST_MS);
  gathered++;
  const size = Math.floor((flushes + 1) * batch) - Math.floor(flushes * batch);
  if (gathered >= size) flush();
}

class Member {
  private readonly cutter = new FrameCutter();
  private waiting: Buffer[] = [];

  constructor(private readonly socket: Duplex) {}

  read(bytes: Buffer): void {
    this.cutter.read(bytes, (text) => this.obey(text));
  }

  send(frame: Buffer): void {
    due.add(this);
    this.waiting.push(frame);
  }

  flush(): void {
    const frames = this.waiting;
    this.waiting = [];
    due.delete(this);
    if (frames.length === 0) return;
    this.socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  private obey(text: string): void {
    const { id, method, params } = JSON.parse(text) as Call;
    if (method === "publish") return this.publish(id, params.topic, JSON.stringify(params.body));
    if (method === "subscribe") this.join(params.topics[0]!.topic);
    this.send(textFrame(`{"jsonrpc":"2.0","id":${id},"result":{}}`));
    this.flush();
  }

  private join(topic: string): void {
    const room = rooms.get(topic) ?? { seq: 0, members: [] };
    rooms.set(topic, room);
    room.members.push(this);
  }

  private publish(id: number, topic: string, body: string): void {
    const room = rooms.get(topic)!;
    const seq = ++room.seq;
    const name = `${topic}@demo`;
    const frame = textFrame(
      `{"jsonrpc":"2.0","method":"message","params":{"id":"${ID}","topic":"${name}","seq":${seq},` +
        `"from":"load000@demo","kind":"message","body":${body},"at":"${AT}","priority":"normal",` +
        `"headers":{},"correlation_id":null}}`,
    );
    for (const member of room.members) member.send(frame);
    this.send(
      textFrame(
        `{"jsonrpc":"2.0","id":${id},"result":{"id":"${ID}","topic":"${name}","seq":${seq},` +
          `"at":"${AT}","duplicate":false}}`,
      ),
    );
    gather();
  }
}

const server = createServer();
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"];
  const accept = createHash("sha1").update(`${key}${WEB_SOCKET}`).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const member = new Member(socket);
  socket.on("data", (bytes: Buffer) => member.read(bytes));
  socket.on("error", () => socket.destroy());
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () =>
  process.send!({ port: (server.address() as AddressInfo).port }),
);
process.on("message", (message: { batch: number }) => {
  ({ batch } = message);
});
process.on("disconnect", () => process.exit());
