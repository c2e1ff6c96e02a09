import { randomUUID } from "node:crypto";
import {
  formatTopic,
  TellwireError,
  type Identity,
  type IntermudDecision,
} from "@tellwire/contract";
import {
  chanlistPackets,
  decideMalformed,
  decidePacket,
  decodeText,
  encodeText,
  errorPacket,
  isForRouter,
  MAX_FRAME_OF_STRANGER,
  MudmodeDecoder,
  mudlistPackets,
  newPacket,
  writePacket,
  type Arrival,
  type LpcValue,
  type Received,
  type RouterView,
} from "@tellwire/intermud";
import type { RpcClient } from "@tellwire/rpc";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { Connection } from "../../connection/connection.js";
import { onceMore } from "../../delivery/once-more.js";
import type { Subscriptions } from "../../delivery/subscriptions.js";
import type { AttemptLimiter } from "../../limits/attempt-limiter.js";
import { callerOf, type KnownCaller } from "../../operations/caller.js";
import type { Gate } from "../../operations/operations.js";
import type { SessionKeeper } from "../../sessions/session-keeper.js";
import type { MudSpeech, Speaker } from "./mud-speech.js";
import { frameOf } from "./mudmode.codec.js";
import type { MudmodeWire } from "./mudmode.wire.js";
import type { RequestMemory } from "./request-memory.js";
import type { RouterMirror } from "./router-mirror.js";

/** What one link shares with all others of an edge. */
export interface LinkParts {
  mirror: RouterMirror;
  speech: MudSpeech;
  requests: RequestMemory;
  rpc: Pick<RpcClient, "call">;
  sessions: Pick<SessionKeeper, "open" | "restored" | "save" | "touched">;
  subscriptions: Pick<Subscriptions, "subscribe" | "unsubscribe">;
  gate: Pick<Gate, "admit">;
  attempts: Pick<AttemptLimiter, "spend" | "giveBack">;
  log: Logger;
  /** This edge process, as the session service knows it. */
  process: string;
  /** A MUD has registered by this link. */
  registered(link: MudLink): void;
}

/** Packets read and not begun, past which no more are read. */
const MOST_WAITING = 64;
/** What a MUD has said that is not committed yet, past which no more is begun. */
const MOST_SAID = 256;
/** Packets in a row that were none, or a stranger's, after which the link is closed. */
const MOST_FAULTS = 20;

/**
 * One MUD's connection: its packets are begun one after the other, in the order in
 * which they came. Those that change rows are asked of the session service, the
 * rest is decided here.
 */
export class MudLink implements Speaker {
  /** Never used again, so that the end of this link is not taken for that of another. */
  readonly id = randomUUID();
  mud = "";
  /** What the MUD has of the lists, once it has registered and got them. */
  lists: { mudlistId: number; chanlistId: number } | null = null;
  private readonly decoder = new MudmodeDecoder(MAX_FRAME_OF_STRANGER);
  private readonly waiting: Received[] = [];
  private working = false;
  private said = 0;
  private faults = 0;
  /** What the MUD had of its topics when it was here last. */
  private cursors = new Map<string, number>();
  /** What had been written by the last look, which is acknowledged by the next. */
  private readonly written = new Map<string, number>();

  constructor(
    readonly connection: Connection,
    private readonly wire: MudmodeWire,
    private readonly parts: LinkParts,
  ) {}

  get caller(): KnownCaller {
    return callerOf(this.connection) as KnownCaller;
  }

  receive(chunk: Buffer): void {
    // One by one: a frame may hold more values than a call may have arguments.
    for (const received of this.decoder.push(chunk)) this.waiting.push(received);
    this.connection.operationsWaiting = this.waiting.length;
    if (this.waiting.length > MOST_WAITING) this.wire.pause();
    if (!this.working) void this.work();
  }

  tell(packet: LpcValue[]): void {
    this.connection.send(frameOf(() => packet));
  }

  answered(type: string, to: { mud: string | null; user: string | null }): string | undefined {
    return this.parts.requests.answered(this.mud, type, to);
  }

  /** Sends what the MUD lacks of the lists; what is being sent has been noted before. */
  sendLists(view: RouterView): void {
    const { mudlistId, chanlistId } = this.lists ?? { mudlistId: 0, chanlistId: 0 };
    this.lists = { mudlistId: view.mudlistId, chanlistId: view.chanlistId };
    for (const packet of mudlistPackets(view, this.mud, mudlistId)) this.tell(packet);
    for (const packet of chanlistPackets(view, this.mud, chanlistId)) this.tell(packet);
  }

  /** Tunes the link in to the channels to which its MUD listens, and to no others. */
  readonly tune = onceMore(async () => {
    const { mirror, subscriptions } = this.parts;
    const { connection } = this;
    if (connection.closed) return;
    const topics = new Set(
      Array.from(mirror.view.listeners)
        .filter(([, muds]) => muds.has(this.mud))
        .map(([name]) => formatTopic({ type: "channel", name, tenant: mirror.federation })),
    );
    const tuned = [...connection.subscriptions.keys()].filter((t) => t.startsWith("channel:"));
    const out = tuned.filter((topic) => !topics.has(topic));
    if (out.length > 0) subscriptions.unsubscribe(connection, out);
    const fresh = [...topics].filter((topic) => !connection.subscriptions.has(topic));
    if (fresh.length > 0)
      await subscriptions.subscribe(
        connection,
        fresh.map((t) => this.from(t)),
      );
  });

  /**
   * Acknowledges for the MUD, which cannot, what it has been sent. One look behind,
   * so that what a breaking link has swallowed is sent again: rather twice than never.
   * @param all also what was written just now, as the link ends in good order
   */
  acknowledge(all = false): void {
    const { connection, parts } = this;
    if (connection.waiting > 0) return;
    let rose = false;
    for (const subscription of connection.subscriptions.values()) {
      const { topic, cursor } = subscription;
      const reached = all ? cursor : (this.written.get(topic) ?? 0);
      this.written.set(topic, cursor);
      if (reached <= subscription.acked) continue;
      subscription.acked = reached;
      rose = true;
    }
    if (rose) parts.sessions.touched(connection);
  }

  /** Asks the MUD to come back at once, to whichever edge, and ends the link. */
  sendAway(): void {
    if (this.connection.closed) return;
    const from = { mud: this.parts.mirror.view.name, user: null };
    const to = { mud: this.mud, user: null };
    // 1: it is back immediately (packet documentation, "shutdown").
    if (this.mud !== "")
      this.tell(writePacket(newPacket("shutdown", from, to, { restartDelay: 1 })));
    this.connection.flush();
    this.acknowledge(true);
    this.connection.close("drain");
  }

  private async work(): Promise<void> {
    this.working = true;
    try {
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
        if (this.connection.closed) return;
        await this.take(next);
        while (this.said >= MOST_SAID && !this.connection.closed) await pause(5);
      }
    } catch (error) {
      // Nothing that a MUD sends may end more than its link.
      this.parts.log.error({ err: (error as Error).stack, mud: this.mud }, "packet failed");
      this.connection.close("overloaded");
    } finally {
      this.working = false;
      this.connection.operationsWaiting = this.waiting.length;
      if (!this.connection.closed) this.wire.resume();
    }
  }

  private async take(received: Received): Promise<void> {
    const { mirror, speech, log } = this.parts;
    if ("error" in received) {
      const outcome = decideMalformed(mirror.view, this.arrival(), received.error);
      log.warn(
        { mud: this.mud, address: this.wire.address, fault: received.error.message },
        "malformed packet",
      );
      for (const answer of outcome.answers) this.tell(answer);
      if (outcome.close) this.connection.close("frame_too_large");
      return this.fault();
    }
    const { value } = received;
    await this.admitted();
    if (this.connection.closed) return;
    if (this.changesRows(value)) return this.ask(value);
    const outcome = decidePacket(mirror.view, this.arrival(), value);
    for (const answer of outcome.answers) this.tell(answer);
    if (outcome.close) return this.connection.close("not_authenticated");
    if (this.mud === "") return this.fault();
    this.faults = 0;
    if (outcome.answers.length > 0 || !Array.isArray(value)) return;
    this.said++;
    void speech.pass(this, value, outcome).finally(() => this.said--);
  }

  /** A MUD is not refused what is too much, as it would not say it again: it is not listened to for a while. */
  private async admitted(): Promise<void> {
    while (!this.connection.closed) {
      try {
        return await this.parts.gate.admit(callerOf(this.connection), 1);
      } catch (thrown) {
        const error = TellwireError.from(thrown);
        if (error.reason !== "rate_limited") throw thrown;
        this.wire.pause();
        await pause((error.details.retryAfter ?? 1) * 1000);
      }
    }
  }

  private changesRows(value: LpcValue): boolean {
    const type = Array.isArray(value) ? value[0] : undefined;
    if (typeof type !== "string" || !isForRouter(type) || type === "chan-filter-reply")
      return false;
    return this.mud !== "" || type.startsWith("startup-req");
  }

  private async ask(value: LpcValue): Promise<void> {
    const { mirror, rpc, attempts } = this.parts;
    const { address } = this.wire;
    const stranger = this.mud === "";
    let decision: IntermudDecision;
    try {
      if (stranger) attempts.spend(address);
      decision = await rpc.call("intermud.packet", {
        since: mirror.version,
        sender: stranger ? null : this.mud,
        connectionId: this.id,
        address,
        packet: encodeText(value),
      });
    } catch (thrown) {
      return this.notNow(value, TellwireError.from(thrown));
    }
    mirror.learn(decision.delta);
    for (const text of decision.answers) {
      const [answer] = decodeText(Buffer.from(text)).values;
      if (Array.isArray(answer)) this.tell(answer);
    }
    if (decision.registered !== null) {
      if (stranger) attempts.giveBack(address);
      await this.begin(decision.registered);
    } else if (!stranger) {
      if (decision.answers.length > 0 && this.lists !== null && isChanlistRequest(value)) {
        this.lists.chanlistId = mirror.view.chanlistId;
      }
      // Before the next packet is begun, which may be said on a channel just tuned in to.
      await this.tune();
    }
    if (decision.close) this.connection.close(stranger ? "not_authenticated" : "going_away");
  }

  /** Who registers comes again by itself. */
  private notNow(value: LpcValue, error: TellwireError): void {
    const { mirror, log } = this.parts;
    log.warn({ mud: this.mud, address: this.wire.address, err: error.message }, "packet not taken");
    const mud = Array.isArray(value) && typeof value[2] === "string" ? value[2] : this.mud;
    const packet = Array.isArray(value) ? value : null;
    const to = { mud: mud || null, user: null };
    this.tell(
      writePacket(
        errorPacket(mirror.view.name, to, "not-allowed", `Not now: ${error.message}`, packet),
      ),
    );
    if (this.mud === "") this.connection.close("overloaded");
  }

  /** The connection is a MUD's from now on. */
  private async begin(registered: NonNullable<IntermudDecision["registered"]>): Promise<void> {
    const { mirror, rpc, sessions, subscriptions, log } = this.parts;
    const { connection } = this;
    const { mud, tenant, sessionId, oldMudlistId, oldChanlistId } = registered;
    const lists = { mudlistId: oldMudlistId, chanlistId: oldChanlistId };
    if (this.mud !== "") {
      this.lists = lists;
      return this.sendLists(mirror.view);
    }
    this.mud = mud;
    this.decoder.raiseBound();
    this.parts.registered(this);
    log.info({ mud, tenant, address: this.wire.address }, "MUD registered");
    const opened = await sessions.open(connection, identityOf(tenant), sessionId);
    if (connection.closed) return;
    if (opened.sessionId !== sessionId) {
      await rpc.call("intermud.session", { mud, sessionId: opened.sessionId });
    }
    this.cursors = new Map(opened.topics);
    const inbox = formatTopic({ type: "inbox", name: "", tenant });
    // What it was told since it registered for the first time is all there is.
    if (sessionId === null && !this.cursors.has(inbox)) this.cursors.set(inbox, 0);
    await subscriptions.subscribe(connection, [this.from(inbox)]);
    await this.tune();
    sessions.restored(connection);
    // Only now: who has the lists is reached.
    this.lists = lists;
    if (mirror.view.muds.get(mud)?.connection?.id !== this.id) {
      return connection.close("going_away");
    }
    this.sendLists(mirror.view);
    // Where its inbox began is known from now on, though this edge may die at once.
    if (!opened.resumed) await sessions.save();
  }

  /** From where the MUD had a topic when it was here last, once. */
  private from(topic: string): { topic: string; after?: number } {
    const acked = this.cursors.get(topic);
    this.cursors.delete(topic);
    return acked === undefined ? { topic } : { topic, after: Math.max(acked, 0) };
  }

  private fault(): void {
    if (++this.faults >= MOST_FAULTS) this.connection.close("too_many_errors");
  }

  private arrival(): Arrival {
    return {
      sender: this.mud || null,
      connection: { process: this.parts.process, id: this.id },
      address: this.wire.address,
      now: Math.floor(Date.now() / 1000),
      // Nothing that is decided here gives one.
      newPassword: 0,
    };
  }
}

const isChanlistRequest = (value: LpcValue): boolean =>
  Array.isArray(value) && value[0] === "chanlist-req";

/** A MUD speaks for its tenant, and is proven by the password that the router gave it. */
const identityOf = (tenant: string): Identity => ({
  tenant,
  user: null,
  permissions: ["*"],
  keyId: "i3",
  tokenId: null,
  expiresAt: null,
  limits: {},
});
