import {
  applyChanges,
  touchedBy,
  writeDescription,
  type Change,
  type Member,
  type RouterBook,
  type RouterView,
} from "@tellwire/intermud";
import type { MudReturn, RouterChange } from "@tellwire/persistence";

/** The router's rows as one decision finds and leaves them. */
export class RouterDraft {
  view: RouterView;
  readonly members: Map<string, Member>;
  private readonly changes: Change[] = [];

  constructor(
    book: RouterBook,
    /** Postgres' Unix seconds. */
    readonly now: number,
  ) {
    this.view = book.view;
    this.members = new Map(book.members);
  }

  apply(changes: Change[]): void {
    if (changes.length === 0) return;
    this.view = applyChanges(this.view, changes, this.now);
    this.changes.push(...changes);
  }

  /** What was sent to a MUD stands apart from the rest, since only its return needs it. */
  recall(name: string, { mudlistId, chanlistId }: MudReturn): void {
    const mud = this.view.muds.get(name);
    if (mud === undefined) return;
    const sent = { sentMudlistId: mudlistId, sentChanlistId: chanlistId };
    this.view = { ...this.view, muds: new Map(this.view.muds).set(name, { ...mud, ...sent }) };
  }

  /** Channels whose rows have changed, but for who listens. */
  get alteredChannels(): string[] {
    const names = this.changes.flatMap((change) =>
      change.kind === "channel" ? [change.channel.name] : [],
    );
    return [...new Set(names)];
  }

  /** What is to be stored; null if nothing is. */
  get change(): RouterChange | null {
    if (this.changes.length === 0) return null;
    const { view } = this;
    const { muds, channels, sent, forgotten } = touchedBy(this.changes);
    const { mudlistId, chanlistId, mudlistFloor, chanlistFloor } = view;
    const names = (of: "mud" | "channel"): string[] =>
      forgotten.filter((each) => each.of === of).map(({ name }) => name);
    return {
      lists: { mudlistId, chanlistId, mudlistFloor, chanlistFloor },
      muds: [...muds].flatMap((name) => this.mud(name) ?? []),
      channels: [...channels].flatMap((name) => {
        const channel = view.channels.get(name);
        return channel ? [{ ...channel, listeners: [...(view.listeners.get(name) ?? [])] }] : [];
      }),
      forgottenMuds: names("mud"),
      forgottenChannels: names("channel"),
      sent: [...sent].flatMap((name) => {
        const mud = view.muds.get(name);
        if (mud === undefined) return [];
        return [{ mud: name, mudlistId: mud.sentMudlistId, chanlistId: mud.sentChanlistId }];
      }),
    };
  }

  private mud(name: string): RouterChange["muds"][number] | undefined {
    const row = this.view.muds.get(name);
    const member = this.members.get(name);
    if (row === undefined) return undefined;
    if (member === undefined) throw new Error(`The MUD ${name} is no tenant`);
    const { sentMudlistId: _mudlist, sentChanlistId: _chanlist, description, ...mud } = row;
    return { ...mud, ...member, description: writeDescription(description) };
  }
}
