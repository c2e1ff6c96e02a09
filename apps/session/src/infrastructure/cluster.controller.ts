import { Controller, Inject } from "@nestjs/common";
import { MessagePattern } from "@nestjs/microservices";
import type { SessionRpc } from "@tellwire/contract";
import type { SessionConfig } from "../config.js";
import { CONFIG } from "./parts.js";

/** What edges must agree on, who cannot ask the database. */
@Controller()
export class ClusterController {
  constructor(@Inject(CONFIG) private readonly config: SessionConfig) {}

  /** This replica runs, so its own number is the cluster's. */
  @MessagePattern("cluster.partitions")
  partitions(): SessionRpc["cluster.partitions"]["result"] {
    return this.config.partitions;
  }
}
