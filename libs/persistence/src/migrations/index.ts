import { log } from "./0001-log.js";
import { tenancy } from "./0002-tenancy.js";
import { installation } from "./0003-installation.js";
import { access } from "./0004-access.js";
import { uplinks } from "./0005-uplinks.js";
import { intermudRouter } from "./0006-intermud-router.js";
import { federations } from "./0007-federations.js";
import { sharedInbox } from "./0008-shared-inbox.js";
import { intermudForeign } from "./0009-intermud-foreign.js";

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

/** In order. One that has been released is never changed: expand first, contract a version later. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "log", sql: log },
  { version: 2, name: "tenancy", sql: tenancy },
  { version: 3, name: "installation", sql: installation },
  { version: 4, name: "access", sql: access },
  { version: 5, name: "uplinks", sql: uplinks },
  { version: 6, name: "intermud-router", sql: intermudRouter },
  { version: 7, name: "federations", sql: federations },
  { version: 8, name: "shared-inbox", sql: sharedInbox },
  { version: 9, name: "intermud-foreign", sql: intermudForeign },
];
