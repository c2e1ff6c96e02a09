export { EphemeralBus, type ClusterEvent, type EphemeralName } from "./ephemeral-bus.js";
