import { encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { Player } from "./player.js";
import { loadProtocol } from "./protocols/load-protocol.js";
import type { Part } from "./scenario.js";
import type { Answer, Aside, Order } from "./worker-messages.js";

let player: Player | null = null;

async function cast(part: Part): Promise<Player> {
  const urls = [part.target.protocol, ...(part.otherProtocols ?? [])];
  const protocols = await Promise.all(urls.map(loadProtocol));
  return new Player(part, protocols, undefined, (second) => {
    process.send!({ type: "second", second } satisfies Aside);
  });
}

async function obey(order: Order): Promise<Answer> {
  if (order.type === "cast") {
    player = await cast(order.part);
    return { type: "cast" };
  }
  if (!player) throw new Error("Ordered before casting");
  switch (order.type) {
    case "connect": {
      const { failures, setUp, held } = await player.connect(order.rooms, order.perSecond);
      return { type: "connect", failures, setUp: encodeIntoCompressedBase64(setUp), held };
    }
    case "play":
      return { type: "play", acknowledged: await player.play(order.step) };
    case "leave":
      await player.leave();
      return { type: "leave" };
    case "comeBack":
      await player.comeBack(order.withinSeconds);
      return { type: "comeBack" };
    case "settle": {
      const stats = await player.settle(order.acknowledged);
      return { type: "settle", stats: stats.toJson() };
    }
    case "close":
      player.close();
      return { type: "close" };
  }
}

process.on("message", (order: Order) => {
  const failed = (error: Error): Answer => ({ type: "error", message: error.message });
  void obey(order)
    .catch(failed)
    .then((answer) => process.send!(answer));
});
process.on("disconnect", () => process.exit());
