import { parse } from "yaml";

import { read } from "./repository.fixture.js";

/** What the tests read of a service in docker-compose.yml. */
export interface ComposeService {
  image: string;
  build: { context: string; target: string };
  command?: string[];
  user?: string;
  container_name?: string;
  ports?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  networks?: string[];
  network_mode?: string;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { disable?: boolean; test?: string[] };
  read_only?: boolean;
  tmpfs?: string[];
  security_opt?: string[];
  cap_drop?: string[];
  mem_limit?: string;
  restart?: string;
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
}

export function readCompose(): ComposeFile {
  return parse(read("docker-compose.yml"), { merge: true }) as ComposeFile;
}

/** The volume, without its prefix, that a service reads its secrets from. */
export function secretsOf(service: ComposeService): string | undefined {
  const mount = service.volumes?.find((volume) => volume.endsWith(":/run/tellwire:ro"));
  return mount && /^secrets-(\w+):/.exec(mount)![1];
}
