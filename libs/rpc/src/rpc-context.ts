import { BaseRpcContext } from "@nestjs/microservices";

/** Where a call came from. */
export class RpcContext extends BaseRpcContext<[instance: string, id: number]> {
  /** The edge instance that asks. */
  get instance(): string {
    return this.args[0];
  }

  /** The same for every repetition of a call, and for no other call. */
  get callId(): string {
    return `${this.args[0]}#${this.args[1]}`;
  }
}
