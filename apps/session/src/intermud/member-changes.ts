import type { FederationMember } from "@tellwire/contract";
import { mudOf, removal, type Change, type MudDescription, type MudRow } from "@tellwire/intermud";
import type { RouterDraft } from "./router-draft.js";

/** What the mudlist says of a member that does not connect to the router: it is reached all the same. */
const DESCRIPTION: MudDescription = {
  playerPort: 0,
  tcpPort: 0,
  udpPort: 0,
  mudlib: "Tellwire",
  baseMudlib: "Tellwire",
  driver: "Tellwire",
  mudType: "Tellwire",
  openStatus: "open for public",
  adminEmail: "",
  services: new Map(
    ["tell", "emoteto", "who", "finger", "locate", "channel", "ucache"].map((name) => [name, 1]),
  ),
  otherData: new Map(),
};

/** Seconds after which the absence of a MUD that is kept out begins anew, so that its name never gets free. */
const KEPT_OUT = 24 * 60 * 60;

/**
 * Takes up the members of the federation who are not on the router's list, and off
 * it those who are members no more. One whose name a MUD already has on the list waits
 * until it is free. A MUD whose tenant is disabled is down, and keeps its name.
 * @param disabled tenants that are members and disabled
 * @param password for a member that is new: none that anybody knows
 */
export function takeUpMembers(
  draft: RouterDraft,
  members: FederationMember[],
  disabled: ReadonlySet<string>,
  password: () => number,
): void {
  const shown = new Map(members.map(({ tenant, name }) => [tenant, name]));
  for (const [name, { tenant, native, foreign }] of [...draft.members]) {
    const row = draft.view.muds.get(name);
    if (row === undefined || row.removed || foreign) continue;
    if (native && disabled.has(tenant)) {
      if (row.connected || row.state !== 0 || draft.now - row.droppedAt > KEPT_OUT) {
        draft.apply([{ kind: "mud", mud: keptOut(row, draft.now), announce: row.state !== 0 }]);
      }
      continue;
    }
    const stays = shown.has(tenant) && (native || shown.get(tenant) === name);
    if (!stays) draft.apply(removal(draft.view, row));
  }
  const known = new Set(
    Array.from(draft.members).flatMap(([name, { tenant, foreign }]) => {
      return !foreign && draft.view.muds.get(name)?.removed === false ? [tenant] : [];
    }),
  );
  const changes = members.flatMap(({ tenant, name }): Change[] => {
    if (known.has(tenant) || mudOf(draft.view, name) || name.startsWith("*")) return [];
    draft.members.set(name, { tenant, native: false, made: false, foreign: false });
    return [{ kind: "mud", mud: newMember(draft, name, password()), announce: true }];
  });
  draft.apply(changes);
}

const keptOut = (mud: MudRow, now: number): MudRow => ({
  ...mud,
  connected: false,
  connection: null,
  droppedAt: now,
  state: 0,
});

const newMember = ({ view }: RouterDraft, name: string, password: number): MudRow => ({
  name,
  password,
  router: view.name,
  address: view.addresses[0]?.host ?? "",
  description: DESCRIPTION,
  connected: true,
  connection: null,
  droppedAt: 0,
  state: -1,
  removed: false,
  changedIn: 0,
  sentMudlistId: 0,
  sentChanlistId: 0,
});
