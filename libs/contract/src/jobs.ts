import { z } from "zod";

/**
 * The catalogue of jobs: name → payload. A job is born as an outbox row in the
 * transaction of its cause, and its BullMQ id is that row's id, so enqueueing it
 * again is harmless. The row goes when the job is done.
 */
export const JOBS = {
  /** A scheduled message's time has come: put it on its ingress stream. */
  "schedule.send": {
    payload: z.object({ topic: z.string(), sender: z.string(), id: z.string() }),
  },
  /** A message's `expires_at` has passed: erase what the tombstone does not keep. */
  "message.expire": {
    payload: z.object({ topic: z.string(), seq: z.number(), at: z.number() }),
  },
} as const;

export type JobName = keyof typeof JOBS;
export type JobPayload<N extends JobName> = z.infer<(typeof JOBS)[N]["payload"]>;

/** The queues: jobs that differ in urgency do not wait for one another. */
export const QUEUES = { jobs: "jobs", maintenance: "maintenance" } as const;

/** What is done again and again, for no row's sake. */
export const MAINTENANCE = { retention: "retention" } as const;

/**
 * Kinds of outbox rows. `message.copy` goes straight to an ingress stream and is
 * deleted by the append of the copy; the others are jobs.
 */
export const OUTBOX_KINDS = ["message.copy", ...Object.keys(JOBS)] as readonly (
  | JobName
  | "message.copy"
)[];
export type OutboxKind = (typeof OUTBOX_KINDS)[number];
