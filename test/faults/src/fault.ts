import type { Cluster, ManagedProcess } from "@tellwire/cluster";

/** Something that goes wrong, on purpose. */
export interface Fault {
  name: string;
  /** Of which kind of cluster a part is broken. */
  on: "one Redis" | "a Redis Cluster";
  /** Seconds within which every sender has an answer again; 10 unless told. */
  withinS?: number;
  /** The Redis node that is gone for longer than that, with none in its place: topics on it wait for it. */
  without?(cluster: Cluster, round: number): ManagedProcess;
  /** Breaks something, and resolves when nothing more is done to it. `round` counts from 0. */
  inject(cluster: Cluster, round: number): Promise<void>;
  /** Whether clients must be told to move, and do so each in its own moment. */
  tellsClients?: boolean;
}
