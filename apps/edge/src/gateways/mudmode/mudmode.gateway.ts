import type { Socket } from "node:net";
import type { ControlEvent } from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { Connections } from "../../connection/connections.js";
import { onceMore } from "../../delivery/once-more.js";
import { TcpEntrance } from "../tcp-entrance.js";
import { MudLink, type LinkParts } from "./mud-link.js";
import { MudmodeCodec } from "./mudmode.codec.js";
import { MudmodeWire } from "./mudmode.wire.js";
import { RequestMemory } from "./request-memory.js";
import type { RouterMirror } from "./router-mirror.js";

export interface MudmodeOptions {
  behindProxy: boolean;
  /** Seconds after which what was said is no longer told to a MUD that was away. */
  i3AgeSeconds: number;
  /** Milliseconds for moving everybody elsewhere. */
  drainMs: number;
}

const LOOK_MS = 1000;
const RETRY_MS = 500;

/** The router for Intermud-3: MUDs connect with mudmode, and are tenants like others. */
export class MudmodeGateway {
  private readonly links = new Set<MudLink>();
  /** Links that have ended, of which the session service has not been told. */
  private readonly ended = new Map<string, string>();
  private readonly entrance: TcpEntrance;
  private readonly codec: MudmodeCodec;
  private readonly requests = new RequestMemory();
  private timer: NodeJS.Timeout | null = null;
  private draining = false;
  private stopped = false;

  constructor(
    private readonly parts: Omit<LinkParts, "registered" | "requests">,
    private readonly connections: Connections,
    private readonly rpc: Pick<RpcClient, "call">,
    private readonly options: MudmodeOptions,
    /** Milliseconds by the clock that messages are dated by, not this machine's. */
    private readonly now: () => number,
    private readonly log: Logger,
  ) {
    const { requests } = this;
    this.codec = new MudmodeCodec(parts.mirror, (...request) => requests.passed(...request));
    this.entrance = new TcpEntrance(options.behindProxy, (socket, address, begun) =>
      this.open(socket, address, begun),
    );
    parts.mirror.onChange.add(() => this.changed());
  }

  /** MUDs that are registered here. */
  get size(): number {
    return [...this.links].filter(({ mud }) => mud !== "").length;
  }

  /** @returns the port */
  async listen(port: number, host: string): Promise<number> {
    await this.mirror.start();
    this.timer = setInterval(() => this.look(), LOOK_MS);
    return this.entrance.listen(port, host);
  }

  onControl(event: ControlEvent): void {
    this.mirror.onControl(event);
  }

  onGap(): void {
    this.mirror.onGap();
  }

  /** Takes no more MUDs; those that are here are told to come back to another edge. */
  drain(): void {
    this.draining = true;
    this.entrance.close();
  }

  close(): void {
    this.stopped = true;
    this.entrance.close();
    this.mirror.stop();
    if (this.timer !== null) clearInterval(this.timer);
  }

  private get mirror(): RouterMirror {
    return this.parts.mirror;
  }

  /** @param begun what has been read already */
  private open(socket: Socket, address: string, begun: Buffer | null): void {
    const { i3AgeSeconds } = this.options;
    const isTooOld = (at: number): boolean => this.now() - at > i3AgeSeconds * 1000;
    const wire = new MudmodeWire(socket, address, this.codec, isTooOld);
    const connection = this.connections.accept(wire);
    if (connection.closed) return;
    connection.ownRules = true;
    const link = new MudLink(connection, wire, {
      ...this.parts,
      requests: this.requests,
      registered: () => this.replace(link),
    });
    wire.onDrain = () => {
      // At a moment of its own, so that not all come to the other edges at once.
      setTimeout(() => link.sendAway(), Math.random() * this.options.drainMs * DRAIN_SHARE).unref();
    };
    this.links.add(link);
    connection.onClosed.add(() => this.gone(link));
    socket.on("close", () => connection.ended());
    socket.on("data", (chunk: Buffer) => {
      if (!connection.closed) link.receive(chunk);
    });
    if (begun !== null && begun.length > 0) link.receive(begun);
  }

  /** A MUD has one connection: the older ones are lost. */
  private replace(link: MudLink): void {
    for (const other of this.links) {
      if (other !== link && other.mud === link.mud) other.connection.close("going_away");
    }
  }

  private gone(link: MudLink): void {
    this.links.delete(link);
    // A MUD that was sent elsewhere is on its way: what it is told meanwhile waits for it.
    if (link.mud === "" || this.draining) return;
    this.ended.set(link.id, link.mud);
    void this.tellEnds();
  }

  /** The rows are others: links that are no longer their MUD's end, the others get what is new. */
  private changed(): void {
    for (const link of this.links) {
      if (link.lists === null) continue;
      const holder = this.mirror.view.muds.get(link.mud)?.connection;
      if (holder?.id !== link.id) link.connection.close("going_away");
      else link.tune().catch((error: Error) => this.untuned(link, error));
    }
    void this.announce();
  }

  /** Sends the lists to whom they are news; together, as a crowd of changes is one delta. */
  private readonly announce = onceMore(async () => {
    const { view } = this.mirror;
    const { mudlistId, chanlistId } = view;
    const behind = [...this.links].filter(
      ({ lists }) =>
        lists !== null && (lists.mudlistId < mudlistId || lists.chanlistId < chanlistId),
    );
    if (behind.length === 0) return;
    const muds = behind.map(({ mud }) => ({ mud, mudlistId, chanlistId }));
    await this.until(() => this.rpc.call("intermud.sent", { muds }));
    for (const link of behind) if (!link.connection.closed) link.sendLists(view);
  });

  private readonly tellEnds = onceMore(async () => {
    const ended = [...this.ended];
    if (ended.length === 0) return;
    const muds = ended.map(([connectionId, mud]) => ({ mud, connectionId }));
    await this.until(() => this.rpc.call("intermud.dropped", { muds }));
    for (const [id] of ended) this.ended.delete(id);
  });

  private look(): void {
    for (const link of this.links) link.acknowledge();
  }

  private async until(call: () => Promise<unknown>): Promise<void> {
    while (!this.stopped) {
      try {
        await call();
        return;
      } catch (error) {
        this.warn(error as Error, "session service not told");
        await pause(RETRY_MS);
      }
    }
  }

  /** It tunes in anew when it is back, and misses nothing. */
  private untuned(link: MudLink, error: Error): void {
    this.warn(error, "channels not tuned in to");
    link.connection.close("overloaded");
  }

  private warn(error: Error, what: string): void {
    this.log.warn({ err: error.message }, what);
  }
}

/** The share of the time in which MUDs are moved. */
const DRAIN_SHARE = 0.5;
