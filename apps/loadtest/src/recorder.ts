import {
  histogram,
  percentiles,
  type ProcessGroups,
  ProcessMeter,
  type ProcessUsage,
  type Second,
} from "@tellwire/loadgen";
import type { SecondRow } from "./result.js";

/** Where nobody looks at a terminal, a line each second would only fill a log. */
const SECONDS_BETWEEN_LINES = 10;

/** Keeps what each second of the run brought, and shows how far it is. */
export class Recorder {
  readonly rows: SecondRow[] = [];
  /** Of the phase. */
  private sofar = histogram(2);
  private readonly meter: ProcessMeter;
  private phase = "";
  private offset = 0;
  private readonly listeners = new Set<(row: SecondRow, second: Second) => void>();

  /** @param total seconds that the run takes, as far as one can say */
  constructor(
    private readonly groups: () => ProcessGroups,
    private readonly total: number,
    private readonly terminal: NodeJS.WriteStream = process.stderr,
  ) {
    this.meter = new ProcessMeter({});
  }

  begin(phase: string): void {
    this.phase = phase;
    this.sofar = histogram(2);
    this.look(); // What came before belongs to no second.
    this.offset = this.rows.at(-1)?.second ?? 0;
  }

  add(second: Second): SecondRow {
    const row: SecondRow = {
      ...second,
      second: this.offset + second.second,
      phase: this.phase,
      ack: percentiles(second.ack),
      delivery: percentiles(second.delivery),
      processes: this.look(),
    };
    this.rows.push(row);
    this.sofar.add(second.delivery);
    this.show(row);
    for (const listener of this.listeners) listener(row, second);
    return row;
  }

  /** Returns what ends it. */
  listen(listener: (row: SecondRow, second: Second) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ends the progress line, so that something else can be printed. */
  clear(): void {
    if (this.terminal.isTTY) this.terminal.write("\r\x1b[K");
  }

  /** The generator's and the machine's other work are told with the target's. */
  private look(): Record<string, ProcessUsage> {
    return this.meter.look(this.groups());
  }

  private show(row: SecondRow): void {
    const { connections, acknowledged, faults } = row;
    const line =
      `${row.second}/${Math.max(this.total, row.second)} s  ${this.phase}: ${connections} connections, ` +
      `${acknowledged}/s, p99 so far ${percentiles(this.sofar).p99.toFixed(1)} ms, ${faults} faults`;
    if (this.terminal.isTTY) this.terminal.write(`\r\x1b[K${line}`);
    else if (row.second % SECONDS_BETWEEN_LINES === 0) this.terminal.write(`${line}\n`);
  }
}
