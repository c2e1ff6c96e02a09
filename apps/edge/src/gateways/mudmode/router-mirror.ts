import {
  TellwireError,
  type ControlEvent,
  type IntermudDelta,
  type SessionRpc,
} from "@tellwire/contract";
import { bookAfter, emptyBook, type RouterBook, type RouterView } from "@tellwire/intermud";
import type { RpcClient } from "@tellwire/rpc";
import { pause } from "@tellwire/streams";
import type { Logger } from "@tellwire/telemetry";
import { onceMore } from "../../delivery/once-more.js";

const RETRY_MS = 500;

/**
 * The rows of the router for Intermud-3 as this edge knows them: brought up to
 * date by what the session service announces, so that packets which change
 * nothing, nearly all, are decided here without a call.
 */
export class RouterMirror {
  /** Called when the rows have changed. */
  readonly onChange = new Set<() => void>();
  private book: RouterBook = emptyBook("", []);
  private federationName = "";
  /** By tenant, of the MUDs that are not removed. */
  private names = new Map<string, string>();
  private stopped = false;

  constructor(
    private readonly rpc: Pick<RpcClient, "call">,
    private readonly log: Logger,
  ) {}

  get view(): RouterView {
    return this.book.view;
  }

  get version(): number {
    return this.book.version;
  }

  get federation(): string {
    return this.federationName;
  }

  /** The tenant that a MUD is. */
  tenantOf(mud: string): string | undefined {
    return this.book.members.get(mud)?.tenant;
  }

  /** Whether a MUD connects to the router itself. */
  isNative(mud: string): boolean {
    return this.book.members.get(mud)?.native === true;
  }

  /** Whether a MUD is of the foreign network for which a tenant stands; of any without a tenant. */
  isForeign(mud: string, tenant?: string): boolean {
    const member = this.book.members.get(mud);
    return member?.foreign === true && (tenant === undefined || member.tenant === tenant);
  }

  /** The name under which a tenant is a MUD; the federation itself is the router. */
  nameOf(tenant: string): string | undefined {
    return tenant === this.federationName ? this.view.name : this.names.get(tenant);
  }

  /** Resolves when the rows are known, however long that takes. @throws TellwireError `not_found` where there is no router */
  async start(): Promise<void> {
    for (;;) {
      try {
        return this.take(await this.rpc.call("intermud.view", { since: 0 }));
      } catch (thrown) {
        const error = TellwireError.from(thrown);
        if (error.reason === "not_found" || this.stopped) throw error;
        await pause(RETRY_MS);
      }
    }
  }

  stop(): void {
    this.stopped = true;
  }

  /** What came with an answer. */
  learn(delta: IntermudDelta): void {
    const before = this.book;
    this.book = bookAfter(before, delta);
    if (this.book === before) return;
    const { view, members } = this.book;
    const here = Array.from(members).filter(
      ([mud, { foreign }]) => !foreign && view.muds.get(mud)?.removed === false,
    );
    this.names = new Map(here.map(([mud, { tenant }]) => [tenant, mud]));
    for (const changed of this.onChange) changed();
  }

  onControl(event: ControlEvent): void {
    if (event.type === "intermud" && event.version !== this.book.version) void this.refresh();
  }

  onGap(): void {
    if (this.federationName !== "") void this.refresh();
  }

  private readonly refresh = onceMore(async () => {
    while (!this.stopped) {
      try {
        return this.take(await this.rpc.call("intermud.view", { since: this.book.version }));
      } catch (error) {
        this.log.debug({ err: (error as Error).message }, "list of MUDs not read; trying again");
        await pause(RETRY_MS);
      }
    }
  });

  private take({ router, delta }: SessionRpc["intermud.view"]["result"]): void {
    if (this.federationName === "") {
      const { name, host, port } = router;
      this.federationName = router.federation;
      this.book = emptyBook(name, [{ name, host, port }]);
    }
    this.learn(delta);
  }
}
