import type { Keys } from "@tellwire/contract";
import { Script, type RedisConnection } from "@tellwire/redis";
import type { Logger } from "@tellwire/telemetry";

const TELL = Script.fromFile<[came: string[], gone: string[], views: string[]]>(
  new URL("../../../lua/tell-muds-1.lua", import.meta.url),
);

const REPEAT_MS = 5000;
const LAPSE_MS = 15_000;

/** The channels that a MUD listens to, each with the users it says are there. */
export type Listening = Record<string, string[]>;

/** A MUD's connection at this edge. */
export interface MudConnection {
  tenant: string;
  federation: string;
  listening(): Listening;
}

/** Who is connected in a federation: by tenant. */
export interface RosterView {
  /** Every MUD, with all that its connections listen to. */
  muds: ReadonlyMap<string, Listening>;
  /** By tenant: which of the edges that have it speaks for it. */
  speakers: ReadonlyMap<string, string>;
}

const EMPTY: RosterView = { muds: new Map(), speakers: new Map() };

/**
 * The MUDs that are connected to this cluster, on any edge, federation by federation. Each edge
 * tells its own in Redis, again and again, so that those of an edge that died lapse.
 */
export class MudRoster {
  private readonly connections = new Map<string, Set<MudConnection>>();
  private readonly views = new Map<string, RosterView>();
  private readonly due = new Set<string>();
  private readonly telling = new Map<string, Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  /** Called when MUDs came that were nowhere, or have gone from everywhere. */
  readonly onChange = new Set<(federation: string, came: string[], gone: string[]) => void>();

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly edge: string,
    private readonly log: Logger,
  ) {
    this.timer = setInterval(() => {
      for (const federation of this.connections.keys()) void this.tell(federation);
    }, REPEAT_MS).unref();
  }

  /** @returns how to leave */
  enter(connection: MudConnection): () => void {
    const { federation } = connection;
    let all = this.connections.get(federation);
    if (all === undefined) this.connections.set(federation, (all = new Set()));
    all.add(connection);
    this.touch(federation);
    return () => {
      all.delete(connection);
      this.touch(federation);
    };
  }

  /** What is to be told of a federation has changed; several changes of one turn are told once. */
  touch(federation: string): void {
    if (this.due.has(federation)) return;
    this.due.add(federation);
    setImmediate(() => {
      this.due.delete(federation);
      void this.tell(federation);
    });
  }

  /** As last heard. */
  view(federation: string): RosterView {
    return this.views.get(federation) ?? EMPTY;
  }

  /** As it is now; as last heard when Redis is away. */
  async fresh(federation: string): Promise<RosterView> {
    await this.tell(federation);
    return this.view(federation);
  }

  /** Says that nobody is here any more. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    const federations = [...this.connections.keys()];
    for (const all of this.connections.values()) all.clear();
    await Promise.all(federations.map((federation) => this.tell(federation)));
  }

  /** One after the other, so that the newest word stays. */
  private tell(federation: string): Promise<void> {
    const before = this.telling.get(federation) ?? Promise.resolve();
    const told = before.then(() => this.tellOnce(federation));
    this.telling.set(federation, told);
    void told.then(() => {
      if (this.telling.get(federation) === told) this.telling.delete(federation);
    });
    return told;
  }

  private async tellOnce(federation: string): Promise<void> {
    const own = merged([...(this.connections.get(federation) ?? [])].map(asEntry));
    const json = own.size === 0 ? "" : JSON.stringify(Object.fromEntries(own));
    try {
      const [came, gone, views] = await TELL.run(
        this.redis.client,
        [this.keys.muds(federation)],
        [this.edge, LAPSE_MS, json],
      );
      this.views.set(federation, viewOf(views));
      if (own.size === 0) this.connections.delete(federation);
      if (came.length + gone.length === 0) return;
      for (const listener of this.onChange) listener(federation, came, gone);
    } catch (error) {
      this.log.debug({ err: (error as Error).message, federation }, "MUDs not told");
    }
  }
}

type Entry = [tenant: string, listening: Listening];

const asEntry = (connection: MudConnection): Entry => [connection.tenant, connection.listening()];

/** One entry a MUD, whichever and however many connections it has. */
function merged(entries: Entry[]): Map<string, Listening> {
  const muds = new Map<string, Listening>();
  for (const [tenant, listening] of entries) {
    const known = muds.get(tenant) ?? {};
    for (const [channel, users] of Object.entries(listening)) {
      known[channel] = [...new Set([...(known[channel] ?? []), ...users])];
    }
    muds.set(tenant, known);
  }
  return muds;
}

/** @param views edge and JSON, one after the other */
function viewOf(views: string[]): RosterView {
  const entries: Entry[] = [];
  const speakers = new Map<string, string>();
  for (let i = 0; i < views.length; i += 2) {
    const edge = views[i] as string;
    const muds = JSON.parse(views[i + 1] as string) as Record<string, Listening>;
    for (const [tenant, listening] of Object.entries(muds)) {
      entries.push([tenant, listening]);
      const speaker = speakers.get(tenant);
      if (speaker === undefined || edge < speaker) speakers.set(tenant, edge);
    }
  }
  return { muds: merged(entries), speakers };
}
