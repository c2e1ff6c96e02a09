export { installDebian } from "./debian.js";
export { type PeerProcess, type PeerProcessSpec, startProcess } from "./peer-process.js";
