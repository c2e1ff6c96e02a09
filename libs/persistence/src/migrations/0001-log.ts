import { logAppend } from "./0001-log-append.js";
import { logHistory } from "./0001-log-history.js";
import { logTables } from "./0001-log-tables.js";

export const log = logTables + logAppend + logHistory;
