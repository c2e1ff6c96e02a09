import { matchReply, type Match, type Packet } from "@tellwire/intermud";
import type { Waiting } from "./asking.js";

/** A MUD that has not answered after this, in milliseconds, will not. */
const PATIENCE_MS = 30_000;
const MOST = 2000;

/** Packets that have been sent and may be answered, oldest first. */
export class PendingRequests {
  private entries: { waiting: Waiting; since: number }[] = [];

  /** @param now any clock that does not go back, in milliseconds */
  add(waiting: Waiting, now: number): void {
    this.forget(now);
    if (this.entries.length >= MOST) this.entries.shift();
    this.entries.push({ waiting, since: now });
  }

  match(packet: Packet, now: number): Match<Waiting> | undefined {
    this.forget(now);
    const match = matchReply(
      this.entries.map(({ waiting }) => waiting),
      packet,
    );
    if (match === undefined || match.kind === "noise") return match;
    if (match.kind === "error" || match.last) {
      this.entries = this.entries.filter(({ waiting }) => waiting !== match.request);
    }
    return match;
  }

  private forget(now: number): void {
    const first = this.entries.findIndex(({ since }) => now - since < PATIENCE_MS);
    if (first !== 0) this.entries.splice(0, first === -1 ? this.entries.length : first);
  }
}
