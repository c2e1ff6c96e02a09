import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { eventually } from "../eventually.js";
import { FrameReader, lpcText, mudmodeFrame, readLpc, type Lpc } from "./lpc.js";

type Packet = Lpc[];

/** Places of the envelope, and of what a registration holds. */
const SENDER = 2;
const PASSWORD = 6;
const MUDLIST_ID = 7;
const CHANLIST_ID = 8;

/**
 * A router's side of the Intermud-3 protocol, by the packet documentation alone:
 * it lets MUDs in, tells them its lists, and keeps what they send. What other
 * MUDs of its network say, a test says in their place.
 */
export class RouterPeer {
  /** Every packet that came, of whichever MUD. */
  readonly heard: Packet[] = [];
  readonly connections = new Map<string, Socket>();
  readonly passwords = new Map<string, number>();
  /** What it tells of its network, with the ids of the lists. */
  mudlist: { id: number; muds: { [name: string]: Lpc } } = { id: 1, muds: {} };
  chanlist: { id: number; channels: { [name: string]: Lpc } } = { id: 1, channels: {} };
  /** Whom MUDs are to connect to; itself where nothing is set. */
  list: [name: string, address: string][] | null = null;
  /** Some routers send broadcasts back to who sent them. */
  echoes = false;
  /** Some routers leave the connection open that a MUD had before. */
  keepsOld = false;
  /** Set while nobody is let in. */
  refusal: string | null = null;
  /** What was wrong with what a MUD sent. */
  fault: Error | null = null;
  port = 0;
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();
  /** How many of each type have been looked at. */
  private readonly read = new Map<string, number>();

  constructor(readonly name = "*peer") {}

  /** On the port that it had before, or any. */
  async open(): Promise<void> {
    const server = createServer((socket) => this.accept(socket));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  get address(): { name: string; host: string; port: number } {
    return { name: this.name, host: "127.0.0.1", port: this.port };
  }

  /** Ends, with all connections, without a word. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.connections.clear();
    const { server } = this;
    this.server = null;
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /** Resolves when a MUD has been let in and is connected. */
  async linked(mud: string, ms = 10_000): Promise<void> {
    await eventually(() => {
      if (!this.connections.has(mud)) throw new Error(`${mud} is not linked`);
    }, ms);
  }

  send(mud: string, packet: Packet): void {
    this.sendBytes(mud, mudmodeFrame(lpcText(packet)));
  }

  /** Bytes as they are: frames may be malformed, and several may come at once. */
  sendBytes(mud: string, bytes: Buffer): void {
    const socket = this.connections.get(mud);
    if (!socket) throw new Error(`${mud} is not linked`);
    socket.write(bytes);
  }

  drop(mud: string): void {
    this.connections.get(mud)?.destroy();
    this.connections.delete(mud);
  }

  /** The next packet of a type that has not been looked at. */
  next(type: string, ms = 10_000): Promise<Packet> {
    return eventually(() => {
      if (this.fault !== null) throw this.fault;
      const looked = this.read.get(type) ?? 0;
      const packet = this.of(type)[looked];
      if (!packet) throw new Error(`no ${type}: ${JSON.stringify(this.heard.slice(-5))}`);
      this.read.set(type, looked + 1);
      return packet;
    }, ms);
  }

  of(type: string): Packet[] {
    return this.heard.filter(([each]) => each === type);
  }

  private accept(socket: Socket): void {
    const frames = new FrameReader();
    this.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.sockets.delete(socket);
      for (const [mud, its] of this.connections) {
        if (its === socket) this.connections.delete(mud);
      }
    });
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const text of frames.push(chunk)) this.take(socket, readLpc(text) as Packet);
      } catch (error) {
        this.fault = error as Error;
        socket.destroy();
      }
    });
  }

  private take(socket: Socket, packet: Packet): void {
    this.heard.push(packet);
    if (packet[0] === "startup-req-3") this.register(socket, packet);
    else if (this.echoes && packet[4] === 0) socket.write(mudmodeFrame(lpcText(packet)));
  }

  private register(socket: Socket, packet: Packet): void {
    const mud = packet[SENDER] as string;
    const say = (type: string, ...fields: Lpc[]): void => {
      const envelope = [type, 5, this.name, 0, mud, 0];
      socket.write(mudmodeFrame(lpcText([...envelope, ...fields])));
    };
    const known = this.passwords.get(mud);
    if (this.refusal !== null || (known !== undefined && known !== packet[PASSWORD])) {
      say("error", "not-allowed", this.refusal ?? "Wrong password", 0);
      socket.end();
      return;
    }
    const password = known ?? Math.floor(Math.random() * 1_000_000) + 1;
    this.passwords.set(mud, password);
    if (!this.keepsOld) this.connections.get(mud)?.destroy();
    this.connections.set(mud, socket);
    say("startup-reply", this.list ?? [[this.name, `127.0.0.1 ${this.port}`]], password);
    const { mudlist, chanlist } = this;
    if (packet[MUDLIST_ID] !== mudlist.id) say("mudlist", mudlist.id, mudlist.muds);
    if (packet[CHANLIST_ID] !== chanlist.id) say("chanlist-reply", chanlist.id, chanlist.channels);
  }
}
