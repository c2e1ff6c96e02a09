import type { RpcClient } from "@tellwire/rpc";
import { pause } from "@tellwire/streams";

const RETRY_MS = 500;

/**
 * Compares the number of partitions with the cluster's, however long session
 * takes to answer: with another one, publishes would go where nobody reads.
 * @throws Error naming both numbers if they differ
 */
export async function assertPartitions(
  rpc: Pick<RpcClient, "call">,
  partitions: number,
): Promise<void> {
  for (;;) {
    const fixed = await rpc.call("cluster.partitions", {}).catch(() => null);
    if (fixed === partitions) return;
    if (fixed !== null) {
      throw new Error(`TELLWIRE_PARTITIONS is ${partitions}, but this cluster has ${fixed}`);
    }
    await pause(RETRY_MS);
  }
}
