import { createSocket } from "node:dgram";

/** Stands where the name server of Docker or Kubernetes would: tells the addresses of names, as they are now. */
export interface NameServer {
  port: number;
  /** The IPv4 addresses of each name. One that is missing does not exist. */
  readonly names: Map<string, string[]>;
  /** Every name that was asked for. */
  readonly asked: Set<string>;
  close(): void;
}

const NO_SUCH_NAME = 3;
const HEADER = 12;

export async function startNameServer(): Promise<NameServer> {
  const names = new Map<string, string[]>();
  const asked = new Set<string>();
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const { name, end } = questionOf(query);
    asked.add(name);
    socket.send(answerTo(query, end, names.get(name)), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { port: socket.address().port, names, asked, close: () => socket.close() };
}

function questionOf(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  // The root's empty label, the type and the class.
  return { name: labels.join("."), end: at + 5 };
}

function answerTo(query: Buffer, end: number, addresses: string[] | undefined): Buffer {
  const header = Buffer.alloc(HEADER);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (addresses ? 0 : NO_SUCH_NAME), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses?.length ?? 0, 6);
  const records = (addresses ?? []).map((address) =>
    Buffer.from([0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split(".").map(Number)]),
  );
  return Buffer.concat([header, query.subarray(HEADER, end), ...records]);
}
