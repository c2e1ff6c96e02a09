import { TellwireError } from "@tellwire/contract";
import type { Conversation } from "../conversation.js";
import { authenticateParams, type Credentials } from "../credentials.js";
import { decodeFrame, encodeError, encodeResult, type RpcCall } from "./json-rpc.codec.js";

/** JSON-RPC 2.0 with one client, however its texts are framed. */
export class Dialogue {
  constructor(
    private readonly conversation: Conversation,
    /** An answer in the form in which it goes to the socket. */
    private readonly framed: (text: string) => Buffer,
  ) {}

  /** Requests are begun in their order, and answered as they are done. */
  receive(text: string): void {
    const { batch, calls } = decodeFrame(text);
    if (batch) return this.receiveBatch(calls);
    for (const call of calls) {
      void this.answer(call).then((answer) => {
        if (answer !== null) this.send(answer);
        if (isFault(call)) this.conversation.fault();
      });
    }
  }

  /** Answers what is no text at all. */
  refuse(error: TellwireError): void {
    this.send(encodeError(null, error));
    this.conversation.fault();
  }

  /** Credentials shown while connecting authenticate without a message; what comes meanwhile waits. */
  authenticate(credentials: Credentials): void {
    const params = authenticateParams(credentials);
    this.conversation.perform("authenticate", params).catch((thrown: unknown) => {
      const error = TellwireError.from(thrown);
      this.send(encodeError(null, error));
      const { temporary } = error.toWire();
      this.conversation.connection.close(temporary ? "overloaded" : "not_authenticated");
    });
  }

  /** The array is sent when the last of its requests is done. */
  private receiveBatch(calls: RpcCall[]): void {
    void Promise.all(calls.map((call) => this.answer(call))).then((answers) => {
      const texts = answers.filter((text) => text !== null);
      if (texts.length > 0) this.send(`[${texts.join(",")}]`);
      if (calls.some(isFault)) this.conversation.fault();
    });
  }

  /** Never rejects; null for a notification. */
  private async answer(call: RpcCall): Promise<string | null> {
    const { id } = call;
    try {
      if ("error" in call) throw call.error;
      const result = await this.conversation.perform(call.method, call.params);
      return id === undefined ? null : encodeResult(id, result);
    } catch (thrown) {
      return id === undefined ? null : encodeError(id, TellwireError.from(thrown));
    }
  }

  private send(text: string): void {
    this.conversation.connection.send(this.framed(text));
  }
}

const isFault = (call: RpcCall): boolean =>
  "error" in call && call.error.reason !== "invalid_params";
