import { whole } from "@tellwire/config";
import type { z } from "zod";

const MOST = 1_000_000_000;

/** Operations a second. Those of keys and tenants hold cluster-wide, where the tenant sets none of its own. */
export const limitsConfig = {
  connectionRate: whole(1, MOST, 200),
  connectionBurst: whole(1, MOST, 400),
  keyRate: whole(1, MOST, 20_000),
  tenantRate: whole(1, MOST, 50_000),
  /** Open connections of one tenant, cluster-wide. */
  tenantConnections: whole(1, MOST, 50_000),
};

export type LimitsConfig = { [K in keyof typeof limitsConfig]: z.infer<(typeof limitsConfig)[K]> };
