import { databaseConfig, loadConfig, redisConfig, serviceConfig, whole } from "@tellwire/config";

export const workerConfig = {
  ...serviceConfig,
  ...redisConfig,
  ...databaseConfig,
  /** Days that messages stay readable. Two at least: the log finds duplicates of two days. */
  retentionDays: whole(2, 36_500, 30),
  /** How often retention is looked after, in milliseconds. */
  retentionEveryMs: whole(1000, 86_400_000, 3_600_000),
  /** Jobs that this process does at once. */
  concurrency: whole(1, 1000, 20),
  /** How long an uplink stays with a worker that is silent, in milliseconds. */
  consumerLeaseMs: whole(1000, 60_000, 5000),
  /** How long a message may wait for its uplink, in milliseconds; then it is dropped, and who told it is told so. */
  uplinkPatienceMs: whole(1000, 86_400_000, 300_000),
  /** Messages of one topic that may wait for their uplink; the oldest beyond are dropped. */
  uplinkPatienceMessages: whole(1, 1_000_000, 10_000),
  /** Batches of ephemera that may wait for Redis; past it they are dropped. */
  ephemeralPending: whole(1, 100_000, 256),
  /** Entries that may wait on an ingress stream before the worker holds back. */
  ingressBound: whole(16, 1_000_000, 5000),
};

export const loadWorkerConfig = () => loadConfig(workerConfig);
export type WorkerConfig = ReturnType<typeof loadWorkerConfig>;
