import type { Cluster } from "@tellwire/cluster";
import { Conductor, type Scenario } from "@tellwire/loadgen";
import { processesOf } from "@tellwire/peer-support";

/** One value of what a study varies. */
export interface Variant {
  label: string;
  /** Brings up a cluster with data of its own, and says how it is driven. */
  start(): Promise<{ cluster: Cluster; scenario: Scenario }>;
}

/** How the CPU of a publish changes as one thing does. */
export interface Study {
  name: string;
  /** What is varied, in words. */
  varies: string;
  /** The first is what the others are compared with. */
  variants: Variant[];
  /** Also look at what a cluster costs at rest, and at the highest rate that it holds. */
  scaling: boolean;
}

/** A variant that is up, with all its connections. */
export interface Running {
  label: string;
  cluster: Cluster;
  scenario: Scenario;
  conductor: Conductor;
}

export async function startVariant({ label, start }: Variant): Promise<Running> {
  const { cluster, scenario } = await start();
  const conductor = await Conductor.open(scenario, processesOf(cluster));
  return { label, cluster, scenario, conductor };
}
