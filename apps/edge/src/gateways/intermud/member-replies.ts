import { randomInt } from "node:crypto";
import { answerRequest } from "@tellwire/intermud";
import type { Asks, Carried } from "./asks.js";
import type { DialectSessions } from "./dialect-sessions.js";
import type { MudRoster } from "./mud-roster.js";
import { packetUser } from "./presence-answers.js";
import type { PresenceSnapshots } from "./presence-snapshots.js";

const MOST_KEY = 2 ** 31 - 1;

/** Answers what members of the federation ask a MUD that is connected here, from what it said last. */
export class MemberReplies {
  constructor(
    private readonly sessions: Pick<DialectSessions, "of">,
    private readonly roster: MudRoster,
    private readonly snapshots: PresenceSnapshots,
    private readonly asks: Pick<Asks, "send">,
    /** Of several edges that have the MUD one answers. */
    private readonly edge: string,
  ) {}

  async reply({ id, from, to, packet }: Carried): Promise<void> {
    if (id === null || !packet.type.endsWith("-req")) return;
    const session = this.sessions.of(to);
    if (session === undefined) return;
    const { muds, speakers } = this.roster.view(session.federation);
    if (speakers.get(to) !== this.edge) return;
    const snapshot = await this.snapshots.get(to);
    const presence = {
      mud: session.mud,
      users: snapshot?.users.map(packetUser) ?? [],
      channels: new Map(Object.entries(muds.get(to) ?? {})),
      sessionKey: randomInt(1, MOST_KEY),
    };
    const answer = answerRequest(presence, packet);
    if (answer !== undefined) this.asks.send(to, from, answer, id);
  }
}
