import { tenantOf, type SessionRpc, type TopicAccess } from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";

/** Bounds what one call asks; a `subscribe` may name a thousand topics. */
const AT_ONCE = 500;

type Request = SessionRpc["policy.access"]["params"]["requests"][number];

interface Asked extends Request {
  resolve: (access: TopicAccess) => void;
  reject: (error: unknown) => void;
}

/** Asks the session service about topics and users: what comes in one turn, tenant by tenant, in one call. */
export class AccessLoader {
  /** By tenant, and whether to create. */
  private due = new Map<string, Asked[]>();

  constructor(private readonly rpc: Pick<RpcClient, "call">) {}

  /**
   * @param create whether a public channel comes into being by this
   * @throws TellwireError that of the session service
   */
  load(topic: string, user: string | null, create: boolean): Promise<TopicAccess> {
    if (this.due.size === 0) setImmediate(() => this.flush());
    const key = `${tenantOf(topic)} ${create}`;
    const asked = this.due.get(key) ?? [];
    this.due.set(key, asked);
    return new Promise((resolve, reject) => asked.push({ topic, user, resolve, reject }));
  }

  private flush(): void {
    const { due } = this;
    this.due = new Map();
    for (const [key, asked] of due) {
      const create = key.endsWith(" true");
      for (let i = 0; i < asked.length; i += AT_ONCE) this.ask(asked.slice(i, i + AT_ONCE), create);
    }
  }

  private ask(asked: Asked[], create: boolean): void {
    const requests = asked.map(({ topic, user }) => ({ topic, user }));
    this.rpc.call("policy.access", { requests, create }).then(
      (found) => asked.forEach(({ resolve }, i) => resolve(found[i] as TopicAccess)),
      (error: unknown) => asked.forEach(({ reject }) => reject(error)),
    );
  }
}
