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
  /** Entries that may wait on an ingress stream before the worker holds back. */
  ingressBound: whole(16, 1_000_000, 5000),
};

export const loadWorkerConfig = () => loadConfig(workerConfig);
export type WorkerConfig = ReturnType<typeof loadWorkerConfig>;
