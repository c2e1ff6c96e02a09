import { Buffer } from "node:buffer";
import type { Credentials, Incoming } from "@tellwire/loadgen";

const OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";
const BIND =
  "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>load</resource></bind></iq>";

/** Accounts are there before a run is known, which the generator names its users of inboxes by. */
export const accountOf = (user: string): string => user.replace(/^load-\d+-/, "load");

function authenticate({ user, api_key: password }: Credentials): string {
  const secret = Buffer.from(`\0${accountOf(user)}\0${password}`).toString("base64");
  return `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`;
}

/**
 * From the first frame to a bound resource: XMPP over WebSocket (RFC 7395),
 * SASL PLAIN and resource binding (RFC 6120). One element in each frame.
 */
export class Stream {
  readonly opening = OPEN;
  private authenticated = false;

  constructor(private readonly credentials: Credentials) {}

  /** @returns undefined if the frame does not concern the stream */
  incoming(frame: string): Incoming | undefined {
    if (frame.startsWith("<stream:features")) {
      return { kind: "answer", frame: this.authenticated ? BIND : authenticate(this.credentials) };
    }
    if (frame.startsWith("<success")) {
      this.authenticated = true;
      return { kind: "answer", frame: OPEN };
    }
    if (frame.startsWith("<open")) return { kind: "nothing" };
    if (/^<(failure|close|stream:error)/.test(frame)) return { kind: "refused", reason: frame };
    if (frame.startsWith("<iq") && frame.includes("id='bind'")) {
      return frame.includes("type='result'")
        ? { kind: "ready" }
        : { kind: "refused", reason: frame };
    }
    return undefined;
  }
}

/** The local part of an address for a topic: it must hold none of `"&'/:<>@` (RFC 7622). */
export const nodeOf = (topic: string): string => topic.replaceAll(":", "-");

/** The value of the first `id` attribute, a stanza's own, or "". */
export function idOf(frame: string): string {
  const from = frame.indexOf(" id='") + 5;
  return from < 5 ? "" : frame.slice(from, frame.indexOf("'", from));
}
