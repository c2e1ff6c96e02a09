import type pg from "pg";

/** What is fixed when a cluster is installed. */
export class InstallationRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Fixes the number of partitions if this is the first service to start. With
   * another number than the others a service would write to streams that nobody
   * reads, and read streams that nobody writes to.
   * @throws Error naming both numbers if the cluster has another one
   */
  async assertPartitions(partitions: number): Promise<void> {
    const { rows } = await this.pool.query<{ partitions: number }>(
      "update log_meta set partitions = coalesce(partitions, $1) returning partitions",
      [partitions],
    );
    const fixed = rows[0]!.partitions;
    if (fixed !== partitions) {
      throw new Error(`TELLWIRE_PARTITIONS is ${partitions}, but this cluster has ${fixed}`);
    }
  }

  /** For whoever has stopped all services: the next one to start fixes the number anew. */
  async forgetPartitions(): Promise<void> {
    await this.pool.query("update log_meta set partitions = null");
  }
}
