import { Module, type DynamicModule } from "@nestjs/common";
import { APP_FILTER, APP_GUARD } from "@nestjs/core";
import { AuthController } from "./auth/auth.controller.js";
import { TokenService } from "./auth/token.service.js";
import { BlockService } from "./channels/block.service.js";
import { ChannelController } from "./channels/channel.controller.js";
import { ChannelService } from "./channels/channel.service.js";
import { HistoryController } from "./history/history.controller.js";
import { Announcer } from "./infrastructure/announcer.js";
import { ClusterController } from "./infrastructure/cluster.controller.js";
import { partsOf, type Parts } from "./infrastructure/parts.js";
import { PermissionGuard } from "./infrastructure/permission.guard.js";
import { Reach } from "./infrastructure/reach.js";
import { StorageErrorFilter } from "./infrastructure/storage-error.filter.js";
import { AbsenceService } from "./intermud/absence.service.js";
import { IntermudController } from "./intermud/intermud.controller.js";
import { IntermudService } from "./intermud/intermud.service.js";
import { PresenceController } from "./presence/presence.controller.js";
import { PresenceRepository } from "./presence/presence.repository.js";
import { PresenceService } from "./presence/presence.service.js";
import { RegistryController } from "./registry/registry.controller.js";
import { SessionOpener } from "./registry/session-opener.js";
import { SweepService } from "./registry/sweep.service.js";

@Module({
  controllers: [
    AuthController,
    RegistryController,
    PresenceController,
    HistoryController,
    ChannelController,
    IntermudController,
    ClusterController,
  ],
  providers: [
    { provide: APP_FILTER, useClass: StorageErrorFilter },
    { provide: APP_GUARD, useClass: PermissionGuard },
    Announcer,
    Reach,
    TokenService,
    SessionOpener,
    SweepService,
    PresenceRepository,
    PresenceService,
    ChannelService,
    BlockService,
    IntermudService,
    AbsenceService,
  ],
})
export class SessionModule {
  static with(parts: Parts): DynamicModule {
    return { module: SessionModule, providers: partsOf(parts) };
  }
}
