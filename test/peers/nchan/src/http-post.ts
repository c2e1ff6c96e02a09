/** A POST on a connection that is kept. The body is ASCII. */
export const postRequest = (host: string, path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: text/plain\r\n` +
  `Content-Length: ${body.length}\r\n\r\n${body}`;

/** The status of an answer and where it ends, or null until all of it has come. */
export function readAnswer(text: string): { status: number; end: number } | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1];
  const end = headEnd + 4 + Number(length ?? 0);
  return text.length < end ? null : { status: Number(text.slice(9, 12)), end };
}
