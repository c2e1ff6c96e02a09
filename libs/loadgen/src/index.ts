export { arrivals } from "./arrivals.js";
export { Conductor, type Connected, type StepOutcome } from "./conductor.js";
export { type FrameConnection, type FrameHandler, FrameSocket } from "./frame-socket.js";
export { HTTP, INTERMUD, JSON_RPC, SOCKET_IO, TCP } from "./protocols/load-protocol.js";
export type { Conversation, Credentials, Incoming, Protocol } from "./protocols/protocol.js";
export { median } from "./median.js";
export { CpuSample, type ProcessGroups, targetCores } from "./process-cpu.js";
export { descriptorsOf, memoryOf, ProcessMeter, type ProcessUsage } from "./process-meter.js";
export {
  faultsOf,
  lineOf,
  type Percentiles,
  percentiles,
  reportOf,
  type StepReport,
} from "./report.js";
export {
  roomsOf,
  type Mud,
  type Scenario,
  type Shape,
  type Step,
  type Target,
} from "./scenario.js";
export type { Second } from "./second.js";
export { histogram, StepStats } from "./step-stats.js";
export { climb, highest, isOver, ratesFor } from "./steps.js";
export type { System } from "./system.js";
