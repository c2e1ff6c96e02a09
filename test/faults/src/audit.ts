import type { Row } from "./log-rows.js";
import type { Acknowledged } from "./sender.js";

export interface Findings {
  acknowledged: number;
  inPostgres: number;
  delivered: number;
  /** Acknowledged and not in Postgres with that seq, promised and not sent, or not seen by a subscriber. */
  lost: number;
  /** Committed twice, or delivered twice. */
  doubled: number;
  /** Out of order: seqs in the log or at a subscriber, a sender's own messages, clock of a topic. */
  disordered: number;
}

/** What one subscriber saw of a topic since it began after a seq, in the order of arrival. */
export interface Seen {
  topic: string;
  after: number;
  rows: readonly Row[];
}

export interface Evidence {
  acknowledged: readonly Acknowledged[];
  scheduled: readonly { topic: string; id: string }[];
  log: ReadonlyMap<string, readonly Row[]>;
  received: readonly Seen[];
}

/** Compares what was promised and what was seen with what Postgres holds. Pure. */
export function audit({ acknowledged, scheduled, log, received }: Evidence): Findings {
  const findings: Findings = {
    acknowledged: acknowledged.length,
    inPostgres: 0,
    delivered: 0,
    lost: 0,
    doubled: 0,
    disordered: 0,
  };
  for (const rows of log.values()) {
    findings.inPostgres += rows.length;
    findings.doubled += rows.length - new Set(rows.map(({ id }) => id)).size;
    findings.disordered += rows.filter(({ seq }, i) => seq !== i + 1).length;
  }
  const at = (topic: string, seq: number): Row | undefined => log.get(topic)?.[seq - 1];
  findings.lost += acknowledged.filter(({ topic, seq, id }) => at(topic, seq)?.id !== id).length;
  const promised = new Map(
    [...log].map(([topic, rows]) => [topic, new Set(rows.map((r) => r.id))]),
  );
  findings.lost += scheduled.filter(({ topic, id }) => !promised.get(topic)?.has(id)).length;
  findings.disordered += overtaken(acknowledged);
  for (const { topic, after, rows: seen } of received) {
    findings.delivered += seen.length;
    const rows = (log.get(topic) ?? []).slice(after);
    const different = new Set(seen.map(({ seq }) => seq));
    findings.doubled += seen.length - different.size;
    findings.lost += rows.filter(({ seq }) => !different.has(seq)).length;
    findings.lost += seen.filter(({ seq, id }) => at(topic, seq)?.id !== id).length;
    findings.disordered += seen.filter(({ seq }, i) => i > 0 && seq <= seen[i - 1]!.seq).length;
  }
  return findings;
}

/** Messages of one sender, topic and lane whose seq is lower than that of an earlier one. */
function overtaken(acknowledged: readonly Acknowledged[]): number {
  const newest = new Map<string, number>();
  let count = 0;
  for (const { sender, topic, lane, seq } of acknowledged.toSorted((a, b) => a.n - b.n)) {
    const key = `${sender} ${topic} ${lane}`;
    if (seq < (newest.get(key) ?? 0)) count++;
    else newest.set(key, seq);
  }
  return count;
}
