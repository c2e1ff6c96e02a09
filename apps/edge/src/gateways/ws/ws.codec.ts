import type { EventName } from "@tellwire/contract";
import type { EventCodec } from "../../connection/wire.js";
import { encodeNotification } from "../json-rpc/json-rpc.codec.js";
import { textFrame } from "../websocket-frame.js";

export const wsCodec: EventCodec = {
  name: "ws",
  encodeEvent: (event: EventName, params: string) => textFrame(encodeNotification(event, params)),
};
