import { whole } from "@tellwire/config";
import type { z } from "zod";

const MOST = 1_000_000_000;

export const limitsConfig = {
  /** Operations a second of one connection; here and below, `subscribe` counts as one for every ten topics. */
  connectionRate: whole(1, MOST, 200),
  /** Operations that a connection which was quiet may do at once. */
  connectionBurst: whole(1, MOST, 400),
  /** Operations of one connection in work at once, publishes aside; what it sends beyond is not read meanwhile. */
  connectionOperations: whole(1, 10_000, 16),
  /** Operations a second of one API key, cluster-wide, unless the key has a rate of its own. */
  keyRate: whole(1, MOST, 20_000),
  /** Operations a second of one tenant, cluster-wide, unless the tenant has a rate of its own. */
  tenantRate: whole(1, MOST, 50_000),
  /** Open connections of one tenant, cluster-wide. */
  tenantConnections: whole(1, MOST, 50_000),
};

export type LimitsConfig = { [K in keyof typeof limitsConfig]: z.infer<(typeof limitsConfig)[K]> };
