import type { ForeignMud } from "@tellwire/contract";
import { looksDifferent, mudOf, removal, type Change, type MudRow } from "@tellwire/intermud";
import type { RouterDraft } from "./router-draft.js";

/**
 * Lists the MUDs of foreign networks that members of the federation are linked to, as
 * these networks tell of them. A name that is on the list already stays whose it is.
 * @param password for one that is new: none that anybody knows
 */
export function takeUpForeign(
  draft: RouterDraft,
  foreign: ForeignMud[],
  password: () => number,
): void {
  const told = new Map(foreign.toReversed().map((mud) => [mud.name, mud]));
  for (const [name, member] of [...draft.members]) {
    const row = draft.view.muds.get(name);
    const stays = told.get(name)?.tenant === member.tenant;
    if (member.foreign && row?.removed === false && !stays) draft.apply(removal(draft.view, row));
  }
  const changes = [...told.values()].flatMap((mud): Change[] => {
    const { name, tenant } = mud;
    const known = mudOf(draft.view, name);
    const member = known && draft.members.get(known.name);
    if (known && (member?.foreign !== true || known.name !== name)) return [];
    const row = rowOf(draft, mud, known?.password ?? password());
    if (known && known.connected === row.connected && !looksDifferent(known, row)) return [];
    draft.members.set(name, { tenant, native: false, made: false, foreign: true });
    return [{ kind: "mud", mud: row, announce: true }];
  });
  draft.apply(changes);
}

/** It is reached through this router, whose members its network's tenant is one of. */
function rowOf({ view, now }: RouterDraft, { name, entry }: ForeignMud, password: number): MudRow {
  const { state, address, services, ...description } = entry;
  const up = state === -1;
  return {
    name,
    password,
    router: view.name,
    address,
    description: {
      ...description,
      services: new Map(Object.entries(services)),
      otherData: new Map(),
    },
    connected: up,
    connection: null,
    droppedAt: up ? 0 : now,
    state,
    removed: false,
    changedIn: view.muds.get(name)?.changedIn ?? 0,
    sentMudlistId: 0,
    sentChanlistId: 0,
  };
}
