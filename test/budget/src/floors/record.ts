/**
 * A publish in the streams of the log's floor: parts of fixed length, in the form in
 * which Postgres takes them, as many bytes as one of Tellwire's with its names.
 */
const LENGTHS = { topicId: 8, seq: 8, id: 16, sender: 12, body: 311 };

export const RECORD_LENGTH = Object.values(LENGTHS).reduce((a, b) => a + b, 0);

/** What a batch of records means to Postgres: one binary array for each column. */
export interface Columns {
  topicId: Buffer[];
  seq: Buffer[];
  id: Buffer[];
  sender: Buffer[];
  body: Buffer[];
}

export function columnsOf(batch: Buffer): Columns {
  const columns: Columns = { topicId: [], seq: [], id: [], sender: [], body: [] };
  let at = 0;
  while (at < batch.length) {
    for (const name of Object.keys(LENGTHS) as (keyof Columns)[]) {
      columns[name].push(batch.subarray(at, (at += LENGTHS[name])));
    }
  }
  return columns;
}

/** Values in Postgres's binary form as a one-dimensional array of type `oid` (its `array_recv`). */
export function binaryArray(oid: number, values: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(20);
  head.writeInt32BE(1, 0); // dimensions
  head.writeInt32BE(oid, 8);
  head.writeInt32BE(values.length, 12);
  head.writeInt32BE(1, 16); // first index
  const pieces: Buffer[] = [head];
  for (const value of values) {
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(value.length);
    pieces.push(length, value);
  }
  return Buffer.concat(pieces);
}
