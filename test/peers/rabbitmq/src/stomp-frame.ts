/** Header values escape what would end them. https://stomp.github.io/stomp-specification-1.2.html#Value_Encoding */
const ESCAPES: Record<string, string> = { "\\": "\\\\", ":": "\\c", "\n": "\\n", "\r": "\\r" };
const escape = (value: string): string => value.replaceAll(/[\\:\n\r]/g, (c) => ESCAPES[c]!);

/** A frame of STOMP 1.2. CONNECT, which is not to be escaped, must hold nothing to escape. */
export function stompFrame(command: string, headers: Record<string, string>, body = ""): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${escape(value)}\n`);
  return `${command}\n${lines.join("")}\n${body}\0`;
}

/** The value of a header as it stands in the frame: escapes are left in. */
export function headerOf(frame: string, name: string): string | undefined {
  const start = frame.indexOf(`\n${name}:`);
  if (start < 0 || start > frame.indexOf("\n\n")) return undefined;
  const from = start + name.length + 2;
  return frame.slice(from, frame.indexOf("\n", from)).trimEnd();
}

export const CONNECT = stompFrame("CONNECT", {
  "accept-version": "1.2",
  host: "/",
  login: "guest",
  passcode: "guest",
  "heart-beat": "0,0",
});

/** Makes the durable queue `queue` on RabbitMQ's topic exchange, and reads it. */
export const subscribeFrame = (queue: string, topic: string, receipt: number): string =>
  stompFrame("SUBSCRIBE", {
    destination: `/topic/${topic}`,
    id: queue,
    "x-queue-name": queue,
    "x-queue-type": "classic",
    durable: "true",
    "auto-delete": "false",
    ack: "auto",
    receipt: String(receipt),
  });
