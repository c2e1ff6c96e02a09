export { withDatabase } from "./database.js";
export { installDebian } from "./debian.js";
export { interrupted, keepTrack, untilInterrupted } from "./interruption.js";
export { list, table, whole, writeSection } from "./markdown.js";
export { positiveNumber, wholeNumber } from "./numbers.js";
export { type PeerProcess, startProcess } from "./peer-process.js";
export { startServers } from "./servers.js";
export { startSocketIoSystem } from "./socketio-system.js";
export { demoKeyOf, type Part, PARTS, pidsOf, processesOf } from "./tellwire-parts.js";
