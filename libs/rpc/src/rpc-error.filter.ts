import { Catch, type RpcExceptionFilter } from "@nestjs/common";
import { throwError, type Observable } from "rxjs";

/** Lets errors reach the transport as they are; Nest would replace them. */
@Catch()
export class RpcErrorFilter implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
