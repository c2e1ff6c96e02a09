import type { LpcValue } from "../mudmode/lpc-value.js";
import { encodeText } from "../mudmode/lpc.encoder.js";
import { decodeText } from "../mudmode/lpc.decoder.js";
import { decideDrop } from "./absences.js";
import {
  applyChanges,
  emptyView,
  type Arrival,
  type Change,
  type Connection,
  type Outcome,
  type RouterView,
} from "./router-view.js";
import { decidePacket } from "./routing.js";

export const parse = (text: string): LpcValue[] =>
  decodeText(Buffer.from(text)).values[0] as LpcValue[];

/** Of every MUD here, as long as a spec does not tell its connections apart. */
export const CONNECTION: Connection = { process: "p1", id: "c1" };

/** A router that is told packets as text, and keeps what follows from them. */
export class RouterInTest {
  view: RouterView;
  now = 1_700_000_000;

  constructor(readonly name = "*r") {
    this.view = emptyView(name, [{ name, host: "10.0.0.1", port: 9000 }]);
  }

  arrival(sender: string | null, connection = CONNECTION): Arrival {
    return { sender, connection, address: "10.1.1.1", now: this.now, newPassword: 4711 };
  }

  /** What a connection gets for a packet; `sender` null: one that has not registered. */
  tell(sender: string | null, packet: string | LpcValue, connection = CONNECTION): Outcome {
    const value = typeof packet === "string" ? parse(packet) : packet;
    const outcome = decidePacket(this.view, this.arrival(sender, connection), value);
    this.apply(outcome.changes);
    return outcome;
  }

  register(
    name: string,
    {
      password = 0,
      services = '"tell":1,',
      lists = "0,0",
      otherData = "0",
      connection = CONNECTION,
    } = {},
  ): Outcome {
    return this.tell(
      null,
      `({"startup-req-3",5,"${name}",0,"${this.name}",0,${password},${lists},4000,0,0,"Lib","Base",` +
        `"Driver","LP","open","a@b.c",([${services}]),${otherData},})`,
      connection,
    );
  }

  drop(name: string, connection = CONNECTION): void {
    this.apply(decideDrop(this.view, name, connection, this.now));
  }

  apply(changes: Change[]): void {
    this.view = applyChanges(this.view, changes, this.now);
  }
}

/** Code, message and packet of the error an outcome answers with; undefined if it answers with none. */
export function errorOf({ answers }: Outcome): LpcValue[] | undefined {
  const [answer] = answers;
  return answer?.[0] === "error" ? answer.slice(6) : undefined;
}

/** Who gets what: `MUD: packet` lines. */
export const delivered = ({ deliveries }: Outcome): string[] =>
  deliveries.flatMap(({ muds, packet }) => muds.map((mud) => `${mud}: ${encodeText(packet)}`));
