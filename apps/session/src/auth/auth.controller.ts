import { Controller } from "@nestjs/common";
import { MessagePattern, Payload } from "@nestjs/microservices";
import type { OperationRequest, Result, SessionRpc } from "@tellwire/contract";
import {
  FederationRepository,
  KeyRepository,
  RevocationRepository,
  TenantRepository,
} from "@tellwire/persistence";
import { TokenService } from "./token.service.js";

@Controller()
export class AuthController {
  constructor(
    private readonly keys: KeyRepository,
    private readonly tenants: TenantRepository,
    private readonly federations: FederationRepository,
    private readonly revocations: RevocationRepository,
    private readonly tokens: TokenService,
  ) {}

  @MessagePattern("key.lookup")
  key(
    @Payload() { hash }: SessionRpc["key.lookup"]["params"],
  ): Promise<SessionRpc["key.lookup"]["result"]> {
    return this.keys.findByHash(hash);
  }

  @MessagePattern("tenant.lookup")
  tenant(
    @Payload() { tenant }: SessionRpc["tenant.lookup"]["params"],
  ): Promise<SessionRpc["tenant.lookup"]["result"]> {
    return this.tenants.active(tenant);
  }

  @MessagePattern("federation.lookup")
  federation(
    @Payload() { federation }: SessionRpc["federation.lookup"]["params"],
  ): Promise<SessionRpc["federation.lookup"]["result"]> {
    return this.federations.find(federation);
  }

  @MessagePattern("revocations.list")
  revoked(): Promise<SessionRpc["revocations.list"]["result"]> {
    return this.revocations.list();
  }

  @MessagePattern("token.create")
  createToken(
    @Payload() { who, params }: OperationRequest<"token.create">,
  ): Promise<Result<"token.create">> {
    return this.tokens.create(who, params);
  }

  @MessagePattern("token.revoke")
  revokeToken(
    @Payload() { who, params }: OperationRequest<"token.revoke">,
  ): Promise<Result<"token.revoke">> {
    return this.tokens.revoke(who, params);
  }
}
