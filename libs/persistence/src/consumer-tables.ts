/** Leases, and the cursors of consumers that keep the log's order. */
export interface ConsumerTables {
  leases: { tenant_id: string; name: string; holder: string; token: number; expires_at: Date };
  consumer_cursors: { tenant_id: string; consumer: string; topic: string; seq: number };
}
