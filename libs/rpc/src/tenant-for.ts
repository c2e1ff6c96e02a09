import { tenantOf } from "@tellwire/contract";

/** What calls may be about, as far as it names a tenant. */
interface About {
  who?: { tenant: string };
  tenant?: string;
  topic?: string;
  requests?: { topic: string }[];
}

/**
 * The tenant for whose sake a call is made. An edge's own calls are for nobody:
 * they share by their names, so that no tenant can crowd them out.
 */
export function tenantFor(name: string, params: unknown): string {
  const { who, tenant, topic, requests } = params as About;
  const about = topic ?? requests?.[0]?.topic;
  return who?.tenant ?? tenant ?? (about === undefined ? name : tenantOf(about));
}
