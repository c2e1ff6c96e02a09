import {
  afterLoss,
  afterReply,
  nextTry,
  startFailover,
  type Failover,
  type RouterAddress,
} from "@tellwire/intermud";
import { LeaseLostError, type Uplink, type UplinkStateRepository } from "@tellwire/persistence";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import type { HeldLease } from "../consume/held-lease.js";
import { AddressError, reachable } from "./addresses.js";
import { Conversation, type Surroundings } from "./conversation.js";
import { Link, LinkError } from "./link.js";
import { mudDescription } from "./lists.js";
import type { NetworkKnowledge } from "./network-knowledge.js";

/** Milliseconds in which a router has to let this MUD in. */
const REGISTRATION_MS = 30_000;
/** Routers of one list: no network has as many. */
const MOST_ROUTERS = 20;

const seconds = (): number => Math.floor(performance.now() / 1000);

/** Keeps a link to one of the network's routers, one after the other, for as long as the lease lasts. */
export class LinkKeeper {
  /** Null while no router has let this MUD in. */
  conversation: Conversation | null = null;
  private failover: Failover;

  constructor(
    private readonly uplink: Uplink,
    private readonly held: HeldLease,
    private readonly knowledge: NetworkKnowledge,
    private readonly states: Pick<UplinkStateRepository, "connected" | "disconnected">,
    private readonly around: Omit<Surroundings, "registered">,
    private readonly log: Logger,
  ) {
    this.failover = startFailover(uplink.routers);
  }

  /** Until the lease ends. */
  async run(): Promise<void> {
    const { signal } = this.held;
    while (!signal.aborted) {
      const { router, waitMs } = nextTry(this.failover, Math.random());
      await pause(waitMs, signal);
      if (signal.aborted) return;
      const since = seconds();
      try {
        await this.linkTo(router);
      } catch (error) {
        if (error instanceof LeaseLostError || signal.aborted) return;
        const { message } = error as Error;
        this.log.warn({ router: router.name, err: message }, "link lost");
        this.failover = afterLoss(this.failover, router.name, seconds() - since, seconds());
        await this.note((lease) => this.states.disconnected(lease, `${router.name}: ${message}`));
      }
    }
  }

  /** Resolves when the router has sent this MUD to another one; rejects when the link is lost. */
  private async linkTo(router: RouterAddress): Promise<void> {
    const address = await reachable(router, this.uplink.routers);
    this.held.assert();
    const link = await Link.open(address, router.port, this.held.signal);
    const close = (): void => link.close();
    this.held.signal.addEventListener("abort", close, { once: true });
    const late = setTimeout(close, REGISTRATION_MS);
    let moved = false;
    const conversation = new Conversation(
      link,
      router.name,
      this.knowledge,
      {
        ...this.around,
        registered: async (told) => {
          clearTimeout(late);
          moved = await this.enter(router, told.slice(0, MOST_ROUTERS), conversation);
          if (moved) link.close();
        },
      },
      this.log,
    );
    try {
      await conversation.begin(mudDescription(this.uplink.description));
      for await (const received of link.received()) {
        this.held.assert();
        await conversation.hear(received);
        if (moved) return;
      }
      throw new LinkError(conversation.registered ? "closed by the router" : "not let in");
    } finally {
      clearTimeout(late);
      this.held.signal.removeEventListener("abort", close);
      if (this.conversation === conversation) this.conversation = null;
      link.close();
    }
  }

  /** @returns whether the network wants this MUD at another router */
  private async enter(
    router: RouterAddress,
    told: RouterAddress[],
    conversation: Conversation,
  ): Promise<boolean> {
    const { failover, goTo } = afterReply(this.failover, router, told, seconds());
    this.failover = failover;
    if (goTo && (await this.mayGo(goTo))) {
      this.log.info({ router: router.name, to: goTo.name }, "sent to another router");
      return true;
    }
    await this.note((lease) => this.states.connected(lease, router.name));
    this.conversation = conversation;
    this.log.info({ router: router.name }, "linked");
    return false;
  }

  /** Where a stranger must not lead, this MUD does not go; it stays where it was let in. */
  private async mayGo(to: RouterAddress): Promise<boolean> {
    try {
      await reachable(to, this.uplink.routers);
      return true;
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      this.log.warn({ to: to.name, err: error.message }, "not followed");
      return false;
    }
  }

  /** What an operator is told is worth no link: it is told again. */
  private async note(write: (lease: HeldLease["lease"]) => Promise<void>): Promise<void> {
    try {
      await write(this.held.lease);
    } catch (error) {
      if (error instanceof LeaseLostError) throw error;
      this.log.warn({ err: (error as Error).message }, "state of the link not written");
    }
  }
}
