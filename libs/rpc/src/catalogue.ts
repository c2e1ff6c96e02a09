import { OPERATIONS, type OperationName, type SessionRpcName } from "@tellwire/contract";

/** Exhaustive by its type: a call added to the contract does not compile until it is named here. */
const SESSION_CALLS: Record<SessionRpcName, true> = {
  "key.lookup": true,
  "tenant.lookup": true,
  "federation.lookup": true,
  "session.open": true,
  "session.save": true,
  "session.close": true,
  "presence.set": true,
  "history.page": true,
  "history.heads": true,
  "policy.access": true,
  "intermud.view": true,
  "intermud.packet": true,
  "intermud.dropped": true,
  "intermud.sent": true,
  "intermud.session": true,
  "cluster.partitions": true,
  "revocations.list": true,
};

/** The operations that edges forward. */
export const FORWARDED_OPERATIONS = (Object.keys(OPERATIONS) as OperationName[]).filter(
  (name) => OPERATIONS[name].at === "session",
);

/** Everything the session service must answer. */
export const SESSION_PATTERNS: readonly string[] = [
  ...Object.keys(SESSION_CALLS),
  ...FORWARDED_OPERATIONS,
];
