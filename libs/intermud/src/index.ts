export { LpcFloat, type LpcMapping, type LpcValue } from "./mudmode/lpc-value.js";
export { encodeFrame, MudmodeDecoder, type Received } from "./mudmode/mudmode.codec.js";
export { MudmodeError } from "./mudmode/mudmode.error.js";
