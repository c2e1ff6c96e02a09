import { ClientClosedError, ConnectionLostError } from "./errors.js";
import type { CloseInfo } from "./link.js";

/** RFC 6455: the peer sends what the server will never take. Coming back would bring the same again. */
const MESSAGE_TOO_BIG = 1009;

/**
 * What a closed connection means: {@link ClientClosedError} where the server says
 * not to come back (4500 and above), else {@link ConnectionLostError}.
 */
export function meaningOf({ code, reason }: CloseInfo): Error {
  const forGood = code === MESSAGE_TOO_BIG || (code >= 4500 && code <= 4999);
  if (!forGood) return new ConnectionLostError();
  return new ClientClosedError(`The server closed the connection for good: ${code} ${reason}`);
}
