export { ControlReader, writeControl } from "./control.js";
export { LookupCache } from "./lookup-cache.js";
export {
  packEgress,
  packIngress,
  packMessage,
  packArray,
  packValue,
  unpackEgress,
  unpackIngress,
  unpackValue,
} from "./pack.js";
export { pause } from "./pause.js";
export { Rest } from "./rest.js";
export { TenantShares } from "./tenant-shares.js";
export { FIELD, StreamReader, type StreamEntry } from "./stream-reader.js";
