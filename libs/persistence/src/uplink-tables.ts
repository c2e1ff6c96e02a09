import type { ColumnType, Generated } from "kysely";
import type { NetworkMud, NetworkMudDescription } from "@tellwire/contract";

/** A router of an Intermud network. Its name begins with `*`. */
export interface NetworkRouter {
  name: string;
  host: string;
  port: number;
}

/** A column of JSON: an object when read, its text when written. */
type Json<T> = ColumnType<T, string, string>;

export interface UplinkTables {
  uplinks: {
    tenant_id: string;
    federation: string;
    mud: string;
    description: Json<NetworkMudDescription>;
    routers: Json<NetworkRouter[]>;
    home: string | null;
    enabled: Generated<boolean>;
    version: Generated<number>;
    created_at: ColumnType<Date, never, never>;
  };
  uplink_channels: { tenant_id: string; channel: string; remote: string };
  uplink_state: {
    tenant_id: string;
    router: string | null;
    connected_since: Date | null;
    last_error: string | null;
    passwords: ColumnType<Record<string, number>, never, string>;
    lists_router: string | null;
    mudlist_id: Generated<number>;
    chanlist_id: Generated<number>;
  };
  uplink_muds: { tenant_id: string; name: string; entry: Json<NetworkMud> };
  uplink_chanlist: { tenant_id: string; name: string; host: string; type: 0 | 1 | 2 };
}
