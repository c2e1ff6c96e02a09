import type pg from "pg";
import type { ChannelPolicy, Role, TopicAccess } from "@tellwire/contract";
import { textArray } from "./binary-arrays.js";

/** A canonical topic and the canonical user who asks; null for a session of the topic's own tenant. */
export interface AccessRequest {
  topic: string;
  user: string | null;
}

/** What `tellwire_access` returns for each request. */
interface Answer {
  /** Null where there is no channel. */
  policy: ChannelPolicy | null;
  role: Role;
  auto_create: boolean;
  blocked: boolean;
  full: boolean;
}

const CALL = "select tellwire_access($1::text[], $2::text[], $3::boolean, $4::int) as answers";

/** What decides about users and topics: everything `decide()` of the contract asks for. */
export class AccessRepository {
  /** @param mostChannels of a tenant without a limit of its own */
  constructor(
    private readonly pool: pg.Pool,
    private readonly mostChannels: number,
  ) {}

  /**
   * One round trip for all. With `create`, a channel that does not exist comes
   * into being, public and owned by nobody, where its tenant allows that and has
   * not as many as it may; never for a user of another tenant.
   * @returns in the order of the requests
   */
  async load(requests: readonly AccessRequest[], create = false): Promise<TopicAccess[]> {
    if (requests.length === 0) return [];
    const { rows } = await this.pool.query<{ answers: Answer[] }>(CALL, [
      textArray(requests.map(({ topic }) => topic)),
      textArray(requests.map(({ user }) => user)),
      create,
      this.mostChannels,
    ]);
    return rows[0]!.answers.map(({ policy, role, auto_create: autoCreate, blocked, full }) => ({
      policy,
      role,
      autoCreate,
      blocked,
      ...(full && { full }),
    }));
  }
}
