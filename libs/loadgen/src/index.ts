export { Conductor } from "./conductor.js";
export { type FrameConnection, type FrameHandler, FrameSocket } from "./frame-socket.js";
export { JSON_RPC, SOCKET_IO } from "./protocols/load-protocol.js";
export type { Conversation, Credentials, Incoming, Protocol } from "./protocols/protocol.js";
export { lineOf, type Percentiles, reportOf, type StepReport } from "./report.js";
export type { ProcessGroups } from "./process-cpu.js";
export type { Scenario, Step, Target } from "./scenario.js";
export { climb, highest } from "./steps.js";
export type { System } from "./system.js";
