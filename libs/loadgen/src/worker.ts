import { Player } from "./player.js";
import { loadProtocol } from "./protocols/load-protocol.js";
import type { Answer, Order } from "./worker-messages.js";

let player: Player | null = null;

async function obey(order: Order): Promise<Answer> {
  if (order.type === "open") {
    player = new Player(order.part, await loadProtocol(order.part.target.protocol));
    return { type: "opened", failures: await player.open() };
  }
  if (!player) throw new Error("Ordered before opening");
  if (order.type === "play") {
    return { type: "played", acknowledged: await player.play(order.step) };
  }
  if (order.type === "settle") {
    const stats = await player.settle(order.acknowledged);
    return { type: "settled", stats: stats.toJson() };
  }
  player.close();
  return { type: "closed" };
}

process.on("message", (order: Order) => {
  void obey(order).then((answer) => process.send!(answer));
});
process.on("disconnect", () => process.exit());
