import { connect, type Socket } from "node:net";
import { postRequest, readAnswer } from "./http-post.js";

interface Post {
  path: string;
  body: string;
  /** @param error in words, unless it was accepted */
  onAnswer: (error: string | undefined) => void;
}

/** One connection on which POSTs take turns, as a browser's would: each waits for the answer to the last. */
export class Publisher {
  private readonly waiting: Post[] = [];
  private socket: Socket | null = null;
  private answer = "";

  constructor(private readonly url: URL) {}

  post(post: Post): void {
    this.waiting.push(post);
    if (this.waiting.length === 1) this.sendFirst();
  }

  close(): void {
    this.socket?.destroy();
  }

  private sendFirst(): void {
    const first = this.waiting[0];
    if (!first) return;
    this.socket ??= this.open();
    this.socket.write(postRequest(this.url.host, first.path, first.body));
  }

  private open(): Socket {
    const { hostname: host, port } = this.url;
    const socket = connect({ host, port: Number(port), noDelay: true });
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.read(text));
    socket.on("error", () => {}); // The close that follows tells.
    socket.on("close", () => {
      this.socket = null;
      this.answer = "";
      for (const { onAnswer } of this.waiting.splice(0)) onAnswer("connection closed");
    });
    return socket;
  }

  private read(text: string): void {
    this.answer += text;
    const answer = readAnswer(this.answer);
    if (!answer) return;
    this.answer = this.answer.slice(answer.end);
    const { status } = answer;
    this.waiting.shift()?.onAnswer(status === 201 || status === 202 ? undefined : `HTTP ${status}`);
    this.sendFirst();
  }
}
