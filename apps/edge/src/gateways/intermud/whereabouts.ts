import {
  inboxOf,
  TellwireError,
  type FederationMember,
  type FederationRecord,
  type Identity,
} from "@tellwire/contract";
import { newPacket, type Packet } from "@tellwire/intermud";
import type { RpcClient } from "@tellwire/rpc";
import type { Asks } from "./asks.js";
import type { DialectSession } from "./dialect-session.js";
import { mudCalled, type KnownMud } from "./federation-view.js";
import type { PresentUser } from "./methods.js";
import type { MudRoster } from "./mud-roster.js";
import { nameIn } from "./names.js";
import { shownUser, userInfo, type ShownUser, type UserInfo } from "./presence-answers.js";
import type { PresenceSnapshots } from "./presence-snapshots.js";

/** How long an answer of a member that answers for itself is waited for, in milliseconds. */
const PATIENCE_MS = 2000;
const MOST_USERS = 1000;
/** Users that one question about presence may name. */
const AT_ONCE = 500;

export interface Location {
  mud_name: string;
  user_name: string;
  status: string;
  idle_time: number;
}

/**
 * Who is where in a federation. A MUD's own word (its snapshot) comes first; then, of members
 * that are no MUDs connected by the dialect, what presence knows; then the answer of a member
 * that answers for itself.
 */
export class Whereabouts {
  constructor(
    private readonly rpc: Pick<RpcClient, "operation">,
    private readonly snapshots: PresenceSnapshots,
    private readonly roster: MudRoster,
    private readonly asks: Asks,
  ) {}

  /** What is known of a tenant's users without asking it; null where only itself can tell. */
  private async known(mud: KnownMud, record: FederationRecord): Promise<PresentUser[] | null> {
    if (mud.foreign) return null;
    const member = record.members.find(({ tenant }) => tenant === mud.tenant);
    if (member === undefined) return null;
    const snapshot = await this.snapshots.get(member.tenant);
    if (snapshot !== null) return snapshot.users;
    if (this.answersItself(member, record.federation)) return null;
    return this.online(member.tenant);
  }

  async who(session: DialectSession, record: FederationRecord, mud: string): Promise<ShownUser[]> {
    const member = mudCalled(record, mud);
    const known = await this.known(member, record);
    if (known !== null) return known.map(shownUser);
    const [answer] = await this.ask(session, [member], (from, to) =>
      newPacket("who-req", from, to, {}),
    );
    if (answer?.type !== "who-reply") return [];
    return answer.body.users.map(({ visname, idle, extra }) => ({
      ...shownUser({ name: visname, idle, title: extra }),
      extra,
    }));
  }

  /** @throws TellwireError `upstream` where there is no such user */
  async finger(
    session: DialectSession,
    record: FederationRecord,
    mud: string,
    user: string,
  ): Promise<UserInfo> {
    const member = mudCalled(record, mud);
    const known = await this.known(member, record);
    const wanted = user.toLowerCase();
    if (known !== null) {
      const found = known.find(({ name }) => name.toLowerCase() === wanted);
      if (found === undefined) throw noSuchUser(user, member.name);
      return userInfo(found);
    }
    const [answer] = await this.ask(session, [member], (from, to) =>
      newPacket("finger-req", from, to, { user: wanted }),
    );
    if (answer?.type !== "finger-reply") throw noSuchUser(user, member.name);
    const { visname, title, realName, email, loginOutTime, idle, ipName, level, extra } =
      answer.body;
    return {
      name: visname ?? user,
      title,
      real_name: realName,
      email,
      login_time: loginOutTime,
      idle_time: idle,
      ip_address: ipName,
      level,
      extra,
      status: idle < 0 ? "offline" : "online",
    };
  }

  /** Asks those who answer for themselves only where nobody else has the user. */
  async locate(
    session: DialectSession,
    record: FederationRecord,
    user: string,
  ): Promise<Location[]> {
    const found = await this.locateKnown(record, user);
    if (found.length > 0) return found;
    const asked = record.members.filter((member) => this.answersItself(member, record.federation));
    const answers = await this.ask(session, asked, (from) =>
      newPacket("locate-req", from, { mud: null, user: null }, { user: user.toLowerCase() }),
    );
    return answers
      .filter((answer) => answer.type === "locate-reply")
      .map(({ body: { mud, visname, idle, status } }) => ({
        mud_name: mud,
        user_name: visname,
        status: status || "online",
        idle_time: idle,
      }));
  }

  private async locateKnown(record: FederationRecord, user: string): Promise<Location[]> {
    const wanted = user.toLowerCase();
    const names = new Map(record.members.map(({ tenant, name }) => [tenant, name]));
    const snapshots = await this.snapshots.of([...names.keys()]);
    const locations: Location[] = [];
    for (const [tenant, { users }] of snapshots) {
      const here = users.find(({ name }) => name.toLowerCase() === wanted);
      if (here === undefined) continue;
      locations.push({
        mud_name: names.get(tenant) as string,
        user_name: here.name,
        status: here.location || here.status || "online",
        idle_time: here.idle ?? 0,
      });
    }
    const others = [...names.keys()].filter((tenant) => !snapshots.has(tenant));
    for (const tenant of await this.onlineIn(others, wanted)) {
      const mud_name = names.get(tenant) as string;
      locations.push({ mud_name, user_name: user, status: "online", idle_time: 0 });
    }
    return locations;
  }

  /** The tenants in which a user of that name has a session of her own. */
  private async onlineIn(tenants: string[], user: string): Promise<string[]> {
    const encoded = encodeURIComponent(user);
    const here: string[] = [];
    for (let first = 0; first < tenants.length; first += AT_ONCE) {
      const some = tenants.slice(first, first + AT_ONCE);
      const users = some.map((tenant) => `${encoded}@${tenant}`);
      const answers = await Promise.all(
        some.map((tenant, i) =>
          this.rpc.operation("presence", {
            who: nobodyOf(tenant),
            params: { users: [users[i] as string] },
          }),
        ),
      );
      for (const [i, answer] of answers.entries()) {
        if (answer.users[0]?.status === "online") here.push(some[i] as string);
      }
    }
    return here;
  }

  /** Users with sessions of their own. */
  private async online(tenant: string): Promise<PresentUser[]> {
    const { users } = await this.rpc.operation("who", {
      who: nobodyOf(tenant),
      params: { limit: MOST_USERS },
    });
    return users.map(({ user, since }) => ({
      name: nameIn(inboxOf(user)),
      login_time: since,
      status: "online",
    }));
  }

  /** A MUD that is connected by something else than the dialect, or stands for a network. */
  private answersItself({ tenant, sharedInbox }: FederationMember, federation: string): boolean {
    return sharedInbox && !this.roster.view(federation).muds.has(tenant);
  }

  private ask(
    { mud, tenant }: DialectSession,
    members: Pick<KnownMud, "tenant" | "name">[],
    packet: (from: Packet["from"], to: Packet["to"]) => Packet,
  ): Promise<Packet[]> {
    const [first] = members;
    const to = { mud: first?.name ?? null, user: null };
    const others = members.map((member) => member.tenant);
    return this.asks.ask(tenant, others, packet({ mud, user: null }, to), PATIENCE_MS, () => true);
  }
}

const noSuchUser = (user: string, mud: string): TellwireError =>
  new TellwireError("upstream", `User not found: ${user}@${mud}`);

/** A tenant's own session, for what fellow members may see of it: whoever asks has been found to be one. */
const nobodyOf = (tenant: string): Identity => ({
  tenant,
  user: null,
  permissions: ["presence"],
  keyId: "intermud",
  tokenId: null,
  expiresAt: null,
  limits: {},
});
