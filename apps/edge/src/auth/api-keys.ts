import {
  hashKey,
  PERMISSIONS,
  type ControlEvent,
  type Identity,
  type KeyRecord,
} from "@tellwire/contract";
import type { RpcClient } from "@tellwire/rpc";
import { LookupCache } from "@tellwire/streams";

export interface ApiKey extends KeyRecord {
  /** What a user has for whom the key acts. One array, however many users that are. */
  userPermissions: Identity["permissions"];
}

const MOST = 20_000;
const KNOWN_MS = 60_000;
/** Short, so that a new key works soon; long enough that a wrong one costs few look-ups. */
const UNKNOWN_MS = 5000;

/** A user never has the rights of the tenant itself, whatever the key or token says. */
export function userPermissions(granted: readonly string[]): Identity["permissions"] {
  return PERMISSIONS.filter(
    (one) =>
      one !== "admin" && one !== "act_as" && (granted.includes("*") || granted.includes(one)),
  );
}

/** API keys, as the session service knows them. Kept and asked for by their hash only. */
export class ApiKeys {
  private readonly cache: LookupCache<ApiKey | null>;

  constructor(rpc: Pick<RpcClient, "call">) {
    this.cache = new LookupCache<ApiKey | null>({
      most: MOST,
      ttlMs: (key) => (key === null ? UNKNOWN_MS : KNOWN_MS),
      load: async (hash) => {
        const record = await rpc.call("key.lookup", { hash });
        return record && { ...record, userPermissions: userPermissions(record.permissions) };
      },
    });
  }

  /** Null for a key that does not exist, or is revoked. */
  find(secret: string): Promise<ApiKey | null> {
    return this.cache.get(hashKey(secret));
  }

  /** Whether {@link find} would cause a look-up of its own. */
  isNews(secret: string): boolean {
    const hash = hashKey(secret);
    return !this.cache.peek(hash) && !this.cache.isLoading(hash);
  }

  onControl(event: ControlEvent): void {
    if (event.type === "key") {
      // A look-up under way may be of this key: its id is not known before the answer.
      this.cache.forgetWhere((_, key) => key === undefined || key?.id === event.keyId);
    } else if (event.type === "tenant" || event.type === "federation") {
      // A key that opened nothing may be of a tenant that is enabled now.
      this.cache.forgetWhere((_, key) => !key || key.tenant === event.tenant);
    }
  }

  onGap(): void {
    this.cache.clear();
  }
}
