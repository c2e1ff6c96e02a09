import { type DynamicModule, Module } from "@nestjs/common";
import { Pool } from "pg";
import { API_KEY, ChatGateway } from "./chat.gateway.js";
import { MessageRepository } from "./message.repository.js";

@Module({})
export class AppModule {
  static with(pool: Pool, apiKey: string): DynamicModule {
    return {
      module: AppModule,
      providers: [
        { provide: Pool, useValue: pool },
        { provide: API_KEY, useValue: apiKey },
        MessageRepository,
        ChatGateway,
      ],
    };
  }
}
