import { setTimeout as delay } from "node:timers/promises";
import { FrameSocket } from "@tellwire/loadgen";
import { CONNECT, subscribeFrame } from "./stomp-frame.js";
import stomp from "./stomp.protocol.js";

const ANSWER_TIMEOUT_MS = 10_000;
const RECEIPT = 1;

/**
 * A durable queue of all that is published, which nobody reads. A queue whose
 * reader is connected hands messages on without writing them, and confirms
 * them at once; this one is what makes a receipt mean that they are on disk.
 */
export async function makeArchive(url: string): Promise<void> {
  const made = Promise.withResolvers<void>();
  const socket = new FrameSocket(new URL(url), stomp, {
    onText: (frame) => {
      if (frame.startsWith("CONNECTED")) socket.send(subscribeFrame("archive", "#", RECEIPT));
      else if (frame.startsWith("RECEIPT")) made.resolve();
      else made.reject(new Error(`No archive: ${frame}`));
    },
    onClose: (code) => made.reject(new Error(`No archive: closed with ${code}`)),
  });
  await socket.opened;
  socket.send(CONNECT);
  const tooLong = delay(ANSWER_TIMEOUT_MS, undefined, { ref: false }).then(() => {
    throw new Error("No archive: no answer");
  });
  await Promise.race([made.promise, tooLong]);
  socket.close();
}
