import { randomBytes, randomInt } from "node:crypto";
import { Inject, Injectable } from "@nestjs/common";
import {
  CLOSED_CHANNEL,
  formatTopic,
  parseTopic,
  PUBLIC_CHANNEL,
  TellwireError,
  type ControlEvent,
  type IntermudDecision,
  type IntermudRouter,
  type SessionRpc,
} from "@tellwire/contract";
import {
  bookAfter,
  decideAbsences,
  decideDrop,
  decidePacket,
  decideProcessGone,
  decodeText,
  emptyBook,
  encodeText,
  errorPacket,
  isConnection,
  mudOf,
  removeChannel,
  writePacket,
  type LpcValue,
  type Outcome,
  type RouterBook,
} from "@tellwire/intermud";
import {
  FederationRepository,
  IntermudRouterRepository,
  TenantRepository,
  type RouterLook,
} from "@tellwire/persistence";
import type { SessionConfig } from "../config.js";
import { Announcer } from "../infrastructure/announcer.js";
import { CONFIG } from "../infrastructure/parts.js";
import { takeUpForeign } from "./foreign-changes.js";
import { takeUpMembers } from "./member-changes.js";
import { tenantNames } from "./mud-tenant.js";
import { RouterDraft } from "./router-draft.js";
import { routerOf } from "./router-of.js";

type Decided = Omit<IntermudDecision, "delta">;
type Transaction = RouterLook["tx"];

/** Passwords and session keys of the protocol are ints above 0. */
const MOST_PASSWORD = 2 ** 31 - 1;
const newPassword = (): number => randomInt(1, MOST_PASSWORD);

/**
 * The router for Intermud-3, as far as its decisions change rows. All of them,
 * at all replicas, are made one after the other, on rows read under one lock.
 */
@Injectable()
export class IntermudService {
  readonly router: IntermudRouter | null;
  /** What this replica knows; brought up to date under the lock. */
  private book: RouterBook;

  constructor(
    @Inject(CONFIG) private readonly config: SessionConfig,
    private readonly rows: IntermudRouterRepository,
    private readonly announcer: Announcer,
  ) {
    this.router = routerOf(config);
    const { name, host, port } = this.router ?? { name: "", host: "", port: 0 };
    this.book = emptyBook(name, [{ name, host, port }]);
  }

  async view(since: number): Promise<SessionRpc["intermud.view"]["result"]> {
    const delta = await this.rows.delta(since);
    // Nothing has ever been stored.
    const none = { ...this.book.view, version: 0, whole: true, muds: [], channels: [] };
    const { version, whole, mudlistId, chanlistId, mudlistFloor, chanlistFloor, ...rows } =
      delta ?? none;
    const muds = rows.muds.map(({ password: _secret, ...mud }) => mud);
    const lists = { mudlistId, chanlistId, mudlistFloor, chanlistFloor };
    const { channels } = rows;
    return { router: this.known, delta: { version, whole, ...lists, muds, channels } };
  }

  /** @param process the edge's */
  async packet(
    params: SessionRpc["intermud.packet"]["params"],
    process: string,
  ): Promise<IntermudDecision> {
    const [value = 0] = decodeText(Buffer.from(params.packet)).values;
    const mud = params.sender ?? originOf(value);
    const connection = { process, id: params.connectionId };
    const events: ControlEvent[] = [];
    const decided = await this.change(mud, events, async (draft, look): Promise<Decided> => {
      if (params.sender !== null) {
        const holder = mudOf(draft.view, params.sender)?.connection ?? null;
        // It has come back by another connection meanwhile, which alone speaks for it.
        if (!isConnection(holder, connection)) return ended;
      } else if (mud !== null && mudOf(draft.view, mud) === undefined) {
        await this.takeUpMembers(draft, look.tx);
      }
      const refused = await this.refusal(draft, look.tx, value);
      if (refused !== null) return refused;
      const arrival = { ...params, connection, now: draft.now, newPassword: newPassword() };
      const before = mud === null ? undefined : mudOf(draft.view, mud);
      const outcome = decidePacket(draft.view, arrival, value);
      draft.apply(outcome.changes);
      const registered = await this.registered(draft, look, outcome, before !== undefined, events);
      return {
        answers: outcome.answers.map((answer) => encodeText(answer)),
        registered,
        close: outcome.close,
      };
    }).catch((error: unknown): Decided => {
      // The name is no tenant's, or is taken: what was decided has been undone.
      if (!(error instanceof TellwireError) || mud === null) throw error;
      if (error.reason !== "invalid_params" && error.reason !== "conflict") throw error;
      return { ...ended, answers: [this.notAllowed(mud, error.message, value)] };
    });
    return { ...decided, delta: (await this.view(params.since)).delta };
  }

  async dropped(muds: { mud: string; connectionId: string }[], process: string): Promise<void> {
    await this.change(null, [], (draft) => {
      for (const { mud, connectionId: id } of muds) {
        draft.apply(decideDrop(draft.view, mud, { process, id }, draft.now));
      }
    });
  }

  async sent(muds: SessionRpc["intermud.sent"]["params"]["muds"]): Promise<void> {
    await this.rows.sent(muds);
  }

  async setSession(mud: string, sessionId: string): Promise<void> {
    await this.rows.setSession(mud, sessionId);
  }

  /** Edge processes that MUDs are connected to, as far as this replica knows. */
  get processes(): string[] {
    const processes = Array.from(this.book.view.muds.values(), (mud) => mud.connection?.process);
    return [...new Set(processes.filter((each) => each !== undefined))];
  }

  /**
   * What becomes of the list by the passing of time; by one replica within `seconds`.
   * @param gone edge processes that have ended without a word
   */
  async look(seconds: number, gone: string[]): Promise<void> {
    const events: ControlEvent[] = [];
    await this.change(null, events, async (draft, { tx }) => {
      for (const process of gone) {
        draft.apply(decideProcessGone(draft.view, process, draft.now));
      }
      if (!(await this.rows.takesTurn(tx, seconds))) return;
      await this.takeUpMembers(draft, tx);
      await this.takeUpChannels(draft, tx);
      const here = new Set(nativesOf(draft));
      draft.apply(decideAbsences(draft.view, draft.now));
      for (const name of nativesOf(draft)) here.delete(name);
      for (const name of here) {
        const member = draft.members.get(name);
        // The name is free again, and whoever takes it next must not find what was written to this one.
        if (member?.made === true) await this.end(tx, member.tenant, events);
      }
    });
  }

  private async change<R>(
    mud: string | null,
    events: ControlEvent[],
    decide: (draft: RouterDraft, look: RouterLook) => Promise<R> | R,
  ): Promise<R> {
    let before = 0;
    const { version, result } = await this.rows.change(this.book.version, mud, async (look) => {
      before = look.delta.version;
      this.book = bookAfter(this.book, look.delta);
      const draft = new RouterDraft(this.book, look.now);
      if (mud !== null && look.back !== null) draft.recall(mud, look.back);
      const decided = await decide(draft, look);
      events.push(...(await this.storePolicies(draft, look.tx)));
      return { change: draft.change, result: decided };
    });
    if (version !== before) events.push({ type: "intermud", version });
    for (const event of events) await this.announcer.announce(event);
    return result;
  }

  /** A MUD that is new becomes a tenant of its own; one that is known must be one that may be used. */
  private async registered(
    draft: RouterDraft,
    { tx, back }: RouterLook,
    { registered }: Outcome,
    known: boolean,
    events: ControlEvent[],
  ): Promise<Decided["registered"]> {
    if (registered === undefined) return null;
    const { mud } = registered;
    const member = known ? draft.members.get(mud) : undefined;
    const tenant = member?.tenant ?? (await this.newTenant(tx, mud, events));
    draft.members.set(mud, {
      tenant,
      native: true,
      made: member?.made ?? true,
      foreign: false,
    });
    const { mudlistId, chanlistId } = draft.view;
    // Everything is about to be sent to it.
    draft.apply([{ kind: "sent", mud, mudlistId, chanlistId }]);
    return { ...registered, tenant, sessionId: (known && back?.sessionId) || null };
  }

  private async newTenant(tx: Transaction, mud: string, events: ControlEvent[]): Promise<string> {
    const { federation } = this.known;
    const tenants = new TenantRepository(tx);
    for (const tenant of tenantNames(mud, () => randomBytes(4).toString("hex"))) {
      if (!(await tenants.create(tenant, { shared_inbox: true }))) continue;
      await new FederationRepository(tx).change(federation, tenant, "join", mud);
      events.push({ type: "federation", federation, tenant }, { type: "tenant", tenant });
      return tenant;
    }
    throw new TellwireError("conflict");
  }

  private async end(tx: Transaction, tenant: string, events: ControlEvent[]): Promise<void> {
    const { federation } = this.known;
    await new FederationRepository(tx).leave(federation, tenant);
    await new TenantRepository(tx).setStatus(tenant, "disabled");
    events.push({ type: "federation", federation, tenant }, { type: "tenant", tenant });
  }

  /** What the rows of the protocol do not know: too many MUDs, and channels that are somebody's. */
  private async refusal(
    draft: RouterDraft,
    tx: Transaction,
    value: LpcValue,
  ): Promise<Decided | null> {
    if (!Array.isArray(value)) return null;
    const [type, , mud, , , , channel] = value;
    if (typeof type !== "string" || typeof mud !== "string") return null;
    const known = draft.members.get(mudOf(draft.view, mud)?.name ?? "");
    if (type.startsWith("startup-req") && known !== undefined) {
      const tenant = await new TenantRepository(tx).find(known.tenant);
      if (tenant?.status === "active") return null;
      return { ...ended, answers: [this.notAllowed(mud, `${mud} is kept out`, value)] };
    }
    if (type.startsWith("startup-req")) {
      if (nativesOf(draft).length < this.config.i3Muds) return null;
      return {
        ...ended,
        answers: [this.notAllowed(mud, "There are as many MUDs as may be", value)],
      };
    }
    if (type !== "channel-add" || typeof channel !== "string") return null;
    await this.takeUpChannels(draft, tx);
    const fits = channel === channel.normalize("NFC") && channel !== "";
    if (fits && !(await this.rows.isTaken(tx, this.topicOf(channel)))) return null;
    const answers = [this.notAllowed(mud, `${channel} cannot be made`, value)];
    return { answers, registered: null, close: false };
  }

  private async takeUpMembers(draft: RouterDraft, tx: Transaction): Promise<void> {
    const federations = new FederationRepository(tx);
    const { federation } = this.known;
    const { members, foreign } = (await federations.find(federation)) ?? {
      members: [],
      foreign: [],
    };
    const active = new Set(members.map(({ tenant }) => tenant));
    const agreed = (await federations.memberships(federation)).flatMap((membership) =>
      membership.granted && membership.accepted ? [membership.tenant] : [],
    );
    const disabled = new Set(agreed.filter((tenant) => !active.has(tenant)));
    takeUpMembers(draft, members, disabled, newPassword);
    takeUpForeign(draft, foreign, newPassword);
  }

  /** Channels that members of the federation made by their use are everybody's, and the router's. */
  private async takeUpChannels(draft: RouterDraft, tx: Transaction): Promise<void> {
    const { name: host } = draft.view;
    const { open, closed } = await this.rows.strayChannels(tx, host);
    for (const topic of open) {
      const { name } = parseTopic(topic, this.known.federation);
      const { changedIn, alteredIn } = draft.view.channels.get(name) ?? {
        changedIn: 0,
        alteredIn: 0,
      };
      const row = { name, host, type: 0 as const, muds: [], removed: false, changedIn, alteredIn };
      draft.apply([{ kind: "channel", channel: row, announce: true }]);
    }
    for (const name of closed) {
      const channel = draft.view.channels.get(name);
      if (channel) draft.apply(removeChannel(draft.view, channel));
    }
  }

  private async storePolicies(draft: RouterDraft, tx: Transaction): Promise<ControlEvent[]> {
    const channels = draft.alteredChannels.flatMap((name) => {
      const channel = draft.view.channels.get(name);
      // The router's own follow their policy, and not the other way round.
      if (channel === undefined || channel.host === draft.view.name) return [];
      const open = !channel.removed && channel.type === 0;
      const policy = open
        ? PUBLIC_CHANNEL
        : ({ visibility: "private", ...CLOSED_CHANNEL } as const);
      return [{ topic: this.topicOf(name), policy }];
    });
    await this.rows.setPolicies(tx, channels);
    return channels.map(({ topic }) => ({ type: "policy", topic, user: null }));
  }

  private notAllowed(mud: string, message: string, value: LpcValue): string {
    const packet = Array.isArray(value) ? value : null;
    const to = { mud, user: null };
    return encodeText(
      writePacket(errorPacket(this.known.name, to, "not-allowed", message, packet)),
    );
  }

  private topicOf(name: string): string {
    return formatTopic({ type: "channel", name, tenant: this.known.federation });
  }

  /** @throws TellwireError `not_found` where no router is configured */
  private get known(): IntermudRouter {
    if (this.router === null) throw new TellwireError("not_found", "There is no Intermud router");
    return this.router;
  }
}

const ended: Decided = { answers: [], registered: null, close: true };

const originOf = (value: LpcValue): string | null => {
  const mud = Array.isArray(value) ? value[2] : null;
  return typeof mud === "string" && mud !== "" ? mud : null;
};

const nativesOf = ({ view, members }: RouterDraft): string[] =>
  Array.from(view.muds.values()).flatMap(({ name, removed }) =>
    !removed && members.get(name)?.native === true ? [name] : [],
  );
