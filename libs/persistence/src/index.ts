export { connectDatabase, DatabaseConnection, type Database } from "./database.js";
export { isRefusal, isTemporary } from "./database-errors.js";
export { migrate } from "./migrate.js";
export { AppendRepository, type AppendBatch, type Appended } from "./append.repository.js";
export { type AppendResult } from "./append-batch.js";
export { HistoryRepository, type PageRequest } from "./history.repository.js";
