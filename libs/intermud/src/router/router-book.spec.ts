import { expect, it } from "vitest";
import {
  bookAfter,
  emptyBook,
  touchedBy,
  writeDescription,
  type BookDelta,
} from "./router-book.js";
import type { MudRow, RouterView } from "./router-view.js";
import { RouterInTest } from "./router.fixture.js";

const ROUTER = ["*r", [{ name: "*r", host: "10.0.0.1", port: 9000 }]] as const;
const empty = () => emptyBook(ROUTER[0], [...ROUTER[1]]);

function stored({ password: _p, sentMudlistId: _m, sentChanlistId: _c, ...mud }: MudRow) {
  const description = writeDescription(mud.description);
  return {
    ...mud,
    description,
    tenant: mud.name.toLowerCase(),
    native: true,
    made: true,
    foreign: false,
  };
}

/** All rows of a view, as they are told between processes. */
function deltaOf(view: RouterView, version: number, whole: boolean): BookDelta {
  const { mudlistId, chanlistId, mudlistFloor, chanlistFloor } = view;
  return {
    version,
    whole,
    ...{ mudlistId, chanlistId, mudlistFloor, chanlistFloor },
    muds: Array.from(view.muds.values(), stored),
    channels: Array.from(view.channels.values(), (channel) => ({
      ...channel,
      listeners: [...(view.listeners.get(channel.name) ?? [])],
    })),
  };
}

it("is the same view at every process, but for what only registrations need", () => {
  const router = new RouterInTest();
  router.register("A", { services: '"tell":1,"http":8080,', otherData: '(["a":({1,"x",}),])' });
  router.register("B");
  router.tell("A", '({"channel-add",5,"A",0,"*r",0,"lobby",2,})');
  router.tell("A", '({"channel-listen",5,"A",0,"*r",0,"lobby",1,})');
  const book = bookAfter(empty(), deltaOf(router.view, 7, true));
  const muds = new Map(
    Array.from(router.view.muds, ([name, mud]) => {
      return [name, { ...mud, password: 0, sentMudlistId: 0, sentChanlistId: 0 }];
    }),
  );
  expect(book.view).toEqual({ ...router.view, muds });
  expect(book.members.get("B")).toEqual({ tenant: "b", native: true, made: true, foreign: false });
  expect(book.version).toBe(7);
});

it("changes by what is newer only, and forgets what a whole one does not name", () => {
  const router = new RouterInTest();
  router.register("A");
  const first = deltaOf(router.view, 1, true);
  router.register("B");
  const book = bookAfter(bookAfter(empty(), first), deltaOf(router.view, 2, false));
  expect([...book.view.muds.keys()]).toEqual(["A", "B"]);
  expect(bookAfter(book, { ...first, whole: false })).toBe(book);
  expect([...bookAfter(book, { ...first, version: 3 }).view.muds.keys()]).toEqual(["A"]);
});

it("names the rows that changes touch", () => {
  const router = new RouterInTest();
  const { changes } = router.register("A");
  expect(
    touchedBy([
      ...changes,
      { kind: "listen", channel: "lobby", mud: "A", on: true },
      { kind: "sent", mud: "A", mudlistId: 1 },
      { kind: "forget", of: "mud", name: "B" },
    ]),
  ).toEqual({
    muds: new Set(["A"]),
    channels: new Set(["lobby"]),
    sent: new Set(["A"]),
    forgotten: [{ of: "mud", name: "B" }],
  });
});
