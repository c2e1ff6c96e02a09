import { type FrameConnection, type FrameHandler, FrameSocket } from "@tellwire/loadgen";
import { parseCommand, reply } from "./commands.js";
import { Publisher } from "./publisher.js";

/** One client of Nchan: a WebSocket for each channel that it hears, and a connection for its POSTs. */
export class NchanConnection implements FrameConnection {
  readonly opened = Promise.resolve();
  private readonly subscriptions: FrameSocket[] = [];
  private readonly publisher: Publisher;

  constructor(
    private readonly url: URL,
    private readonly handler: FrameHandler,
  ) {
    this.publisher = new Publisher(url);
  }

  send(text: string | readonly string[]): void {
    for (const each of typeof text === "string" ? [text] : text) this.obey(each);
  }

  close(): void {
    for (const socket of this.subscriptions) socket.close();
    this.publisher.close();
  }

  private obey(text: string): void {
    const { verb, id, topic, body } = parseCommand(text);
    const answer = (error?: string): void => this.handler.onText(reply(id, error));
    if (verb === "hello") answer();
    else if (verb === "publish") {
      this.publisher.post({ path: `/pub/${topic}`, body, onAnswer: answer });
    } else this.subscribe(topic, answer);
  }

  private subscribe(topic: string, answer: (error?: string) => void): void {
    const socket = new FrameSocket(this.url, { path: `/sub/${topic}` }, this.handler);
    this.subscriptions.push(socket);
    socket.opened.then(
      () => answer(),
      (error: Error) => answer(error.message),
    );
  }
}
