import { connect, type Socket } from "node:net";
import { eventually } from "../eventually.js";
import { FrameReader, lpcText, mudmodeFrame, readLpc, type Lpc } from "./lpc.js";

export type Packet = Lpc[];

export interface MudOptions {
  password?: number;
  mudlistId?: number;
  chanlistId?: number;
  services?: { [service: string]: Lpc };
  /** `startup-req-1` and `-2` exist as well. */
  version?: 1 | 2 | 3;
}

/**
 * A MUD's side of the Intermud-3 protocol, by the packet documentation alone: it
 * keeps the lists that its router tells, and every packet that comes.
 */
export class Mud {
  readonly packets: Packet[] = [];
  /** By name what the list says: state first (-1 up, 0 down), then the address and so on. */
  readonly mudlist = new Map<string, Lpc[]>();
  readonly chanlist = new Map<string, Lpc[]>();
  mudlistId = 0;
  chanlistId = 0;
  password = 0;
  closed = false;
  /** What was wrong with what the router sent. */
  fault: Error | null = null;
  private socket: Socket | null = null;
  private read = 0;

  constructor(
    readonly name: string,
    readonly router = "*tellwire",
  ) {}

  /** Connects, without a word. */
  async open(port: number, host = "127.0.0.1"): Promise<void> {
    this.closed = false;
    const frames = new FrameReader();
    const socket = connect(port, host);
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.socket === socket) this.closed = true;
    });
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const text of frames.push(chunk)) this.take(readLpc(text) as Packet);
      } catch (error) {
        this.fault = error as Error;
        socket.destroy();
      }
    });
    await new Promise<void>((resolve) => {
      socket.once("connect", resolve);
      socket.once("close", resolve);
    });
  }

  /** Connects, registers with what it was given before, and resolves when it is let in. */
  async register(port: number, options: MudOptions = {}): Promise<void> {
    await this.open(port);
    this.startup(options);
    await this.next("startup-reply");
  }

  startup({ password, mudlistId, chanlistId, services, version = 3 }: MudOptions = {}): void {
    const email = version === 1 ? [] : ["admin@example.org"];
    this.send([
      ...[`startup-req-${version}`, 5, this.name, 0, this.router, 0],
      ...[password ?? this.password, mudlistId ?? this.mudlistId, chanlistId ?? this.chanlistId],
      ...[4000, 0, 0, "Lib 1", "Base", "Driver", "LP", "open for public", ...email],
      ...[services ?? { tell: 1, emoteto: 1, who: 1, finger: 1, locate: 1, channel: 1 }, 0],
    ]);
  }

  send(packet: Packet): void {
    this.sendText(lpcText(packet));
  }

  /** A frame around a text, which may be malformed. */
  sendText(text: string | Buffer): void {
    this.sendBytes(mudmodeFrame(text));
  }

  sendBytes(bytes: Buffer): void {
    this.socket?.write(bytes);
  }

  tell(mud: string, from: string, to: string, text: string): void {
    this.send(["tell", 5, this.name, from.toLowerCase(), mud, to, from, text]);
  }

  say(channel: string, from: string, text: string): void {
    this.send(["channel-m", 5, this.name, from.toLowerCase(), 0, 0, channel, from, text]);
  }

  /** To the router, about a channel. */
  ask(type: string, ...fields: Lpc[]): void {
    this.send([type, 5, this.name, 0, this.router, 0, ...fields]);
  }

  /** The next packet of a type that has not been looked at; those of other types before it are passed over. */
  async next(type: string, ms = 10_000): Promise<Packet> {
    return eventually(() => {
      if (this.fault !== null) throw this.fault;
      for (let at = this.read; at < this.packets.length; at++) {
        const packet = this.packets[at]!;
        if (packet[0] !== type) continue;
        this.read = at + 1;
        return packet;
      }
      throw new Error(`${this.name} has no ${type}: ${JSON.stringify(this.since)}`);
    }, ms);
  }

  /** The next error: code, message, packet. */
  async nextError(): Promise<Lpc[]> {
    return (await this.next("error")).slice(6);
  }

  /** All packets of a type. */
  of(type: string): Packet[] {
    return this.packets.filter(([each]) => each === type);
  }

  /** What has not been looked at. */
  get since(): Packet[] {
    return this.packets.slice(this.read);
  }

  /** Forgets the packets that have come so far, not the lists. */
  forget(): void {
    this.packets.length = 0;
    this.read = 0;
  }

  /** Ends without a word. */
  drop(): void {
    this.socket?.destroy();
    this.closed = true;
  }

  private take(packet: Packet): void {
    this.packets.push(packet);
    const [type] = packet;
    if (type === "startup-reply") this.password = packet[7] as number;
    if (type === "mudlist") {
      this.mudlistId = packet[6] as number;
      merge(this.mudlist, packet[7] as { [name: string]: Lpc });
    }
    if (type === "chanlist-reply") {
      this.chanlistId = packet[6] as number;
      merge(this.chanlist, packet[7] as { [name: string]: Lpc });
    }
  }
}

function merge(list: Map<string, Lpc[]>, delta: { [name: string]: Lpc }): void {
  for (const [name, entry] of Object.entries(delta)) {
    if (entry === 0) list.delete(name);
    else list.set(name, entry as Lpc[]);
  }
}
