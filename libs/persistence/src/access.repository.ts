import type pg from "pg";
import type { ChannelPolicy, Role, TopicAccess } from "@tellwire/contract";
import { textArray } from "./binary-arrays.js";

/** A canonical topic and who asks about it. */
export interface AccessRequest {
  topic: string;
  /**
   * A canonical user; null for a session of the topic's own tenant, `@other` for
   * one of another tenant as such.
   */
  user: string | null;
}

/** What `tellwire_access` returns for each request. */
interface Answer {
  /** Null where there is no channel. */
  policy: ChannelPolicy | null;
  role: Role;
  auto_create: boolean;
  blocked: boolean;
  shared_inbox: boolean;
  /** Null where the asker is of the topic's own tenant. */
  federated: boolean | null;
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
   * not as many as it may; for another tenant only in a federation it is a member of.
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
    return rows[0]!.answers.map((answer) => ({
      policy: answer.policy,
      role: answer.role,
      autoCreate: answer.auto_create,
      blocked: answer.blocked,
      ...(answer.shared_inbox && { sharedInbox: true }),
      ...(answer.federated === true && { federated: true }),
      ...(answer.full && { full: true }),
    }));
  }
}
