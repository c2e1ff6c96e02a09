import { pause } from "@tellwire/streams";
import { CLOSE_CODES, type CloseName, type EventName, type Identity } from "@tellwire/contract";
import type { FlushQueue } from "./flush-queue.js";
import type { Subscription } from "../delivery/subscription.js";
import type { Wire } from "./wire.js";

/** Below this share of its byte budget a slow client still gets ephemera. */
const EPHEMERA_SHARE = 0.5;

/** Sockets of all protocols tell how much waits, but not all of them when it has gone. */
const DRAIN_POLL_MS = 10;

/**
 * One client's connection, whatever its protocol. Frames gather during a turn
 * and leave in one write.
 */
export class Connection {
  identity: Identity | null = null;
  sessionId: string | null = null;
  readonly openedAt = Date.now();
  /** Whether its gateway decides what it may read, and ends it, by rules of its protocol. */
  ownRules = false;
  /** By canonical topic. */
  readonly subscriptions = new Map<string, Subscription>();
  /** Runs once when the connection is gone. */
  readonly onClosed = new Set<() => void>();
  /** Operations received and not begun. */
  operationsWaiting = 0;
  private frames: Buffer[] = [];
  private gathered = 0;
  private gone = false;

  constructor(
    readonly wire: Wire,
    private readonly queue: FlushQueue,
    /** Bytes that may wait for this client before it counts as slow. */
    private readonly budget: number,
  ) {}

  get closed(): boolean {
    return this.gone;
  }

  /** Bytes that wait for this client, here and in its socket. */
  get waiting(): number {
    return this.gathered + this.wire.buffered();
  }

  /** Whether more may be sent before the client has taken what waits. */
  get writable(): boolean {
    return this.waiting < this.budget * EPHEMERA_SHARE;
  }

  /**
   * Queues a frame for the end of this turn. A client past its budget is closed
   * with a code that says "resume later": it loses nothing, its cursor tells.
   */
  send(frame: Buffer): void {
    if (this.gone) return;
    // What one turn brings says nothing about the client before its socket has been offered it.
    if (this.lacksRoom(frame)) this.flush();
    if (this.lacksRoom(frame)) {
      this.close("slow_client");
      return;
    }
    if (this.frames.length === 0) this.queue.add(this);
    this.frames.push(frame);
    this.gathered += frame.length;
  }

  /** Like {@link send}, but a client that lags does without. */
  sendEphemeral(frame: Buffer): void {
    if (this.writable) this.send(frame);
    else this.queue.skipped++;
  }

  private lacksRoom(frame: Buffer): boolean {
    return this.waiting > 0 && this.waiting + frame.length > this.budget;
  }

  /** Resolves when the client has taken most of what waits, or is gone. */
  async drained(): Promise<void> {
    while (!this.gone && !this.writable) await pause(DRAIN_POLL_MS);
  }

  event(name: EventName, params: unknown): void {
    this.send(this.wire.codec.encodeEvent(name, JSON.stringify(params)));
  }

  /** Writes what this turn has gathered. */
  flush(): void {
    if (this.frames.length === 0 || this.gone) return;
    const frames = this.frames;
    this.frames = [];
    this.gathered = 0;
    this.wire.write(frames);
  }

  close(reason: CloseName): void {
    if (this.gone) return;
    this.flush();
    // First, as some sockets report their end while they are told to close.
    this.closeReason ??= reason;
    this.wire.close(reason);
    this.ended(reason);
  }

  /** For the gateway: the socket has closed. */
  ended(reason: CloseName | "by_client" = "by_client"): void {
    if (this.gone) return;
    this.gone = true;
    this.frames = [];
    this.gathered = 0;
    this.closeReason ??= reason;
    for (const done of this.onClosed) done();
    this.onClosed.clear();
  }

  /** Why it closed, once it has. */
  closeReason: keyof typeof CLOSE_CODES | "by_client" | null = null;
}
