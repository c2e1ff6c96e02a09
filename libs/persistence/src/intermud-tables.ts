/** Column names as in the migration `intermud-router`. */
export interface IntermudTables {
  intermud_routers: {
    tenant_id: string;
    version: number;
    version_floor: number;
    mudlist_id: number;
    chanlist_id: number;
    mudlist_floor: number;
    chanlist_floor: number;
    looked_at: Date;
  };
  intermud_muds: {
    tenant_id: string;
    mud: string;
    member: string;
    native: boolean;
    made: boolean;
    is_foreign: boolean;
    password: number;
    router: string;
    address: string;
    description: Buffer;
    connected: boolean;
    process: string | null;
    connection: string | null;
    dropped_at: number;
    state: number;
    removed: boolean;
    changed_in: number;
    version: number;
  };
  intermud_channels: {
    tenant_id: string;
    channel: string;
    topic: string;
    host: string;
    type: 0 | 1 | 2;
    muds: string[];
    listeners: string[];
    removed: boolean;
    changed_in: number;
    altered_in: number;
    version: number;
  };
  intermud_returns: {
    tenant_id: string;
    mud: string;
    session_id: string | null;
    mudlist_id: number;
    chanlist_id: number;
  };
}
