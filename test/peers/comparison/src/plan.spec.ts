import { expect, test } from "vitest";
import { planTurns } from "./plan.js";

const wanted = {
  peers: ["nchan", "rabbitmq", "ejabberd"],
  pairs: 2,
  connections: [100],
  roomSize: 10,
};
const orderOf = (turns: ReturnType<typeof planTurns>): string[] =>
  turns.map(({ group, system }) => `${group} ${system}`);

test("peers change places, and Tellwire is last and first by turns", () => {
  expect(orderOf(planTurns(wanted, { group: 0, pairs: 0 }))).toEqual([
    ...["1 nchan", "1 rabbitmq", "1 tellwire"],
    ...["2 ejabberd", "2 tellwire"],
    ...["3 tellwire", "3 rabbitmq", "3 ejabberd"],
    ...["4 tellwire", "4 nchan"],
  ]);
});

test("more pairs go on where the earlier ones ended", () => {
  const [first] = planTurns({ ...wanted, pairs: 1 }, { group: 4, pairs: 1 });
  expect(first).toMatchObject({ group: 5, system: "tellwire" });
});
