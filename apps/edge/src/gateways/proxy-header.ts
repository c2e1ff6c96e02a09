const V1_START = Buffer.from("PROXY ");
/** Version 1 ends by then (PROXY protocol, section 2.1). */
const V1_MOST = 107;
const V2_START = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_HEAD = 16;
const V2_LOCAL = 0x20;
const V2_PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;

/** What comes before a connection's first byte: whose it is. */
export interface ProxyHeader {
  /** The client's address; null where the load balancer speaks for itself. */
  address: string | null;
  /** Bytes of the header. */
  length: number;
}

/**
 * Reads the header of the PROXY protocol, version 1 or 2, with which a load
 * balancer opens a TCP connection. By its section 2 a header is required where it
 * is expected: whoever could leave it out could name any address.
 * @returns `more` while it is incomplete, `invalid` for what is none
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | "more" | "invalid" {
  if (begins(bytes, V1_START)) return readV1(bytes);
  if (begins(bytes, V2_START)) return readV2(bytes);
  return "invalid";
}

/** Whether it begins so, as far as it has come. */
const begins = (bytes: Buffer, start: Buffer): boolean => {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
};

function readV1(bytes: Buffer): ProxyHeader | "more" | "invalid" {
  const end = bytes.indexOf("\r\n");
  if (end < 0) return bytes.length < V1_MOST ? "more" : "invalid";
  const [, family, source] = bytes.toString("latin1", 0, end).split(" ");
  if (family === "UNKNOWN") return { address: null, length: end + 2 };
  if ((family !== "TCP4" && family !== "TCP6") || source === undefined) return "invalid";
  return { address: source, length: end + 2 };
}

function readV2(bytes: Buffer): ProxyHeader | "more" | "invalid" {
  if (bytes.length < V2_HEAD) return "more";
  const length = V2_HEAD + bytes.readUInt16BE(14);
  if (bytes.length < length) return "more";
  const command = bytes[12];
  if (command === V2_LOCAL) return { address: null, length };
  if (command !== V2_PROXY) return "invalid";
  return { address: addressIn(bytes.subarray(V2_HEAD, length), bytes[13] ?? 0), length };
}

function addressIn(addresses: Buffer, family: number): string | null {
  if (family === TCP4 && addresses.length >= 12) return [...addresses.subarray(0, 4)].join(".");
  if (family !== TCP6 || addresses.length < 36) return null;
  const groups = Array.from({ length: 8 }, (_, i) => addresses.readUInt16BE(2 * i).toString(16));
  return groups.join(":");
}
