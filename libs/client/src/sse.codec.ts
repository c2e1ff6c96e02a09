/** One event of a `text/event-stream` (WHATWG HTML, section 9.2). */
export interface SseEvent {
  event: string;
  data: string;
  /** What to give back as `Last-Event-ID`: the newest id of the stream so far. */
  id: string | undefined;
}

/** Takes the text of a stream in whatever pieces it comes, and hands out whole events. */
export class SseDecoder {
  private rest = "";
  private event = "";
  private id: string | undefined;
  private data: string[] = [];

  push(text: string): SseEvent[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line) ?? []);
  }

  private line(line: string): SseEvent | null {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "id") this.id = value;
    else if (field === "data") this.data.push(value);
    return null;
  }

  private dispatch(): SseEvent | null {
    const { event, data, id } = this;
    this.event = "";
    this.data = [];
    return data.length === 0 ? null : { event: event || "message", data: data.join("\n"), id };
  }
}
