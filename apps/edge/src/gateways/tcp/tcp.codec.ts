import type { EventName } from "@tellwire/contract";
import type { EventCodec } from "../../connection/wire.js";
import { encodeNotification } from "../json-rpc/json-rpc.codec.js";

/** One JSON text a line. JSON has no line break within a text but those that are optional. */
export const lineFrame = (text: string): Buffer => Buffer.from(`${text}\n`);

/** The first line of every connection, by which clients of the Intermud-3 gateway know that they may authenticate. */
export const WELCOME = lineFrame(
  encodeNotification(
    "welcome",
    JSON.stringify({
      service: "i3-gateway",
      version: "1.0.0",
      protocol: "JSON-RPC 2.0",
      authentication: "required",
    }),
  ),
);

export const tcpCodec: EventCodec = {
  name: "tcp",
  encodeEvent: (event: EventName, params: string) => lineFrame(encodeNotification(event, params)),
};
