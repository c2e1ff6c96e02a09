import { Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common";
import {
  isOperation,
  may,
  OPERATIONS,
  TellwireError,
  type OperationRequest,
} from "@tellwire/contract";
import type { RpcContext } from "@tellwire/rpc";

/** The permission an operation needs is asked for at the edge; here again, where it is done. */
@Injectable()
export class PermissionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const rpc = context.switchToRpc();
    const { name } = rpc.getContext<RpcContext>();
    if (!isOperation(name)) return true;
    const { permission } = OPERATIONS[name];
    if (permission !== null && !may(rpc.getData<OperationRequest>().who, permission)) {
      throw new TellwireError("not_permitted", `Needs the permission ${permission}`);
    }
    return true;
  }
}
