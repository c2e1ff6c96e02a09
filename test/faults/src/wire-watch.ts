import type { WebSocketConstructor } from "@tellwire/client";

/**
 * Looks at what the edges themselves write, before the client library removes
 * doubles: on one connection every topic's seqs follow one another.
 */
export class WireWatch {
  doubled = 0;
  disordered = 0;

  /** A WebSocket for one client, each connection of which is watched. */
  socket(): WebSocketConstructor {
    const note = (last: Map<string, number>, text: string): void => this.note(last, text);
    class Watched extends WebSocket {
      constructor(url: string) {
        super(url);
        const last = new Map<string, number>();
        this.addEventListener("message", ({ data }) => note(last, String(data)));
      }
    }
    return Watched as unknown as WebSocketConstructor;
  }

  private note(last: Map<string, number>, text: string): void {
    const parsed = JSON.parse(text) as Frame | Frame[];
    for (const { method, params } of Array.isArray(parsed) ? parsed : [parsed]) {
      if (method !== "message" || params === undefined) continue;
      const before = last.get(params.topic);
      last.set(params.topic, Math.max(before ?? 0, params.seq));
      if (before === undefined || params.seq === before + 1) continue;
      if (params.seq <= before) this.doubled++;
      else this.disordered++;
    }
  }
}

interface Frame {
  method?: string;
  params?: { topic: string; seq: number };
}
