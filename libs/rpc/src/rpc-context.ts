import { BaseRpcContext } from "@nestjs/microservices";

/** Where a call came from. */
export class RpcContext extends BaseRpcContext<[instance: string, id: number, name: string]> {
  /** The edge instance that asks. */
  get instance(): string {
    return this.args[0];
  }

  /** The call's name in the catalogue. */
  get name(): string {
    return this.args[2];
  }

  /** The same for every repetition of a call, and for no other call. */
  get callId(): string {
    return `${this.args[0]}#${this.args[1]}`;
  }
}
