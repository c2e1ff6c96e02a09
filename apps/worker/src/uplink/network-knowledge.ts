import {
  listsOf,
  mergeChanlist,
  mergeMudlist,
  type Body,
  type NetworkLists,
} from "@tellwire/intermud";
import type { Lease, UplinkStateRepository } from "@tellwire/persistence";
import { keptChannels, keptMuds, listsOfState, storedChannels, storedMuds } from "./lists.js";

/**
 * What is known of a network: its MUDs and channels, and the passwords that its
 * routers gave. Kept in Postgres, under the lease, before it is gone by here.
 */
export class NetworkKnowledge {
  /** The names of the MUDs, in lower case, as the network spells them. */
  private readonly spelling = new Map<string, string>();

  /** Called when the network has MUDs that it had not, or lacks some. */
  onNames: () => void = () => undefined;

  private constructor(
    private readonly states: UplinkStateRepository,
    private readonly lease: Lease,
    private readonly passwords: Map<string, number>,
    private current: NetworkLists | undefined,
  ) {
    this.respell();
  }

  static async load(states: UplinkStateRepository, lease: Lease): Promise<NetworkKnowledge> {
    const state = await states.load(lease.tenant);
    const passwords = new Map(Object.entries(state.passwords));
    return new NetworkKnowledge(states, lease, passwords, listsOfState(state));
  }

  get lists(): NetworkLists | undefined {
    return this.current;
  }

  /** 0 where there is none: the router then gives one. */
  passwordFor(router: string): number {
    return this.passwords.get(router) ?? 0;
  }

  /**
   * A MUD's name as the network spells it; null if it has none of that name. While no list
   * has come, every name may be one.
   */
  mud(name: string): string | null {
    if (this.spelling.size === 0) return name;
    return this.spelling.get(name.toLowerCase()) ?? null;
  }

  async learnPassword(router: string, password: number): Promise<void> {
    if (this.passwords.get(router) === password) return;
    await this.states.savePassword(this.lease, router, password);
    this.passwords.set(router, password);
  }

  async learnMuds(router: string, told: Body<"mudlist">): Promise<void> {
    const known = listsOf(this.current, router);
    const muds = keptMuds(known, told.muds);
    const delta = { router, id: told.mudlistId, entries: storedMuds(muds) };
    await this.states.saveMudlist(this.lease, delta, known !== this.current);
    this.current = mergeMudlist(known, { ...told, muds }).lists;
    this.respell();
    const isNews = ([name, entry]: [string, unknown]): boolean =>
      known.muds.has(name) === (entry === null);
    if ([...muds].some(isNews)) this.onNames();
  }

  async learnChannels(router: string, told: Body<"chanlist-reply">): Promise<void> {
    const known = listsOf(this.current, router);
    const channels = keptChannels(known, told.channels);
    const delta = { router, id: told.chanlistId, entries: storedChannels(channels) };
    await this.states.saveChanlist(this.lease, delta, known !== this.current);
    this.current = mergeChanlist(known, { ...told, channels });
    this.respell();
  }

  private respell(): void {
    this.spelling.clear();
    for (const name of this.current?.muds.keys() ?? []) {
      this.spelling.set(name.toLowerCase(), name);
    }
  }
}
