import { tenantOf } from "@tellwire/contract";
import {
  answerRequest,
  errorPacket,
  readEnvelope,
  readPacket,
  writePacket,
  PacketError,
  type LpcValue,
  type PresentUser,
  type RouterView,
} from "@tellwire/intermud";
import type { RpcClient } from "@tellwire/rpc";
import { LookupCache } from "@tellwire/streams";
import { randomInt } from "node:crypto";
import { packetUser } from "../intermud/presence-answers.js";
import type { PresenceSnapshots } from "../intermud/presence-snapshots.js";
import { nameWithin } from "./rendering.js";

/** How old an answer about who is there may be, in milliseconds. */
const AGE_MS = 2000;
const MOST_TENANTS = 1000;
const MOST_USERS = 1000;
const MOST_KEY = 2 ** 31 - 1;

/**
 * Answers what MUDs ask members of the federation that do not connect to the
 * router: who is there is what they have said themselves, or what presence knows.
 */
export class MemberAnswers {
  private readonly present: LookupCache<PresentUser[]>;

  constructor(
    rpc: Pick<RpcClient, "operation">,
    snapshots: Pick<PresenceSnapshots, "get">,
    private readonly mirror: { readonly view: RouterView },
  ) {
    this.present = new LookupCache<PresentUser[]>({
      most: MOST_TENANTS,
      ttlMs: () => AGE_MS,
      load: async (tenant) => {
        const snapshot = await snapshots.get(tenant);
        if (snapshot !== null) return snapshot.users.map(packetUser);
        const who = {
          tenant,
          user: null,
          permissions: ["presence" as const],
          keyId: "i3",
          tokenId: null,
          expiresAt: null,
          limits: {},
        };
        const { users } = await rpc.operation("who", { who, params: { limit: MOST_USERS } });
        return users.filter(({ user }) => tenantOf(user) === tenant).map(presentUser);
      },
    });
  }

  /** The answer of a member to a packet for it; undefined if there is none to give. */
  async answer(mud: string, tenant: string, values: LpcValue[]): Promise<LpcValue[] | undefined> {
    const { from, type } = readEnvelope(values).envelope;
    try {
      const channels = Array.from(this.mirror.view.channels.values())
        .filter(({ removed }) => !removed)
        .map(({ name }): [string, string[]] => [name, []]);
      const presence = {
        mud,
        users: await this.present.get(tenant),
        channels: new Map(channels),
        sessionKey: randomInt(1, MOST_KEY),
      };
      const answer = answerRequest(presence, readPacket(values));
      return answer && writePacket(answer);
    } catch (error) {
      if (!(error instanceof PacketError)) throw error;
      if (type === "error") return undefined;
      return writePacket(errorPacket(mud, from, error.code, error.message, values));
    }
  }
}

function presentUser({ user, since }: { user: string; since: string }): PresentUser {
  const name = nameWithin(user);
  return {
    name: name.toLowerCase(),
    visname: name,
    title: null,
    realName: null,
    email: null,
    loginOutTime: since,
    idle: 0,
    ipName: null,
    level: null,
    extra: null,
    status: "online",
    gender: 2,
  };
}
