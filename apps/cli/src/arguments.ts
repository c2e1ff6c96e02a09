import { InvalidArgumentError } from "commander";
import {
  METHOD_LIMITS,
  parseTenant,
  PERMISSIONS,
  TellwireError,
  type Identity,
  type Limits,
  type Permission,
} from "@tellwire/contract";
import type { NetworkRouter } from "@tellwire/persistence";

export function tenantName(value: string): string {
  try {
    return parseTenant(value);
  } catch (error) {
    if (!(error instanceof TellwireError)) throw error;
    throw new InvalidArgumentError("Lower-case letters, digits and inner hyphens, 63 at most.");
  }
}

export function count(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError("A whole number above 0.");
  return Number(value);
}

export function decimal(value: string): number {
  const number = Number(value);
  if (value.trim() === "" || !(number >= 0 && number <= 1e9)) {
    throw new InvalidArgumentError("A number that is not below 0.");
  }
  return number;
}

export function yesNo(value: string): boolean {
  if (value !== "true" && value !== "false") throw new InvalidArgumentError("true or false.");
  return value === "true";
}

export function uuid(value: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) {
    throw new InvalidArgumentError("An id as the list shows it.");
  }
  return value.toLowerCase();
}

/** A list separated by commas, or `*`. */
export function permissions(value: string): Identity["permissions"] {
  const names = value.split(",").map((name) => name.trim());
  for (const name of names) {
    if (name !== "*" && !PERMISSIONS.includes(name as Permission)) {
      throw new InvalidArgumentError(`Known are ${PERMISSIONS.join(", ")}, and * for all.`);
    }
  }
  return names as Identity["permissions"];
}

/** `tell=0,channel=300`. */
export function methodLimits(value: string): NonNullable<Limits["methods"]> {
  const entries = value.split(",").map((each) => {
    const [, name, number] = /^([a-z]+)=(\d{1,7})$/.exec(each.trim()) ?? [];
    if (!METHOD_LIMITS.some((known) => known === name)) {
      throw new InvalidArgumentError(`Such as tell=60; known are ${METHOD_LIMITS.join(", ")}.`);
    }
    return [name, Number(number)] as const;
  });
  return Object.fromEntries(entries);
}

/** `*name host port` of an Intermud-3 router; the option may be repeated. */
export function networkRouter(value: string, before: NetworkRouter[] = []): NetworkRouter[] {
  const [, name, host, port] = /^(\*\S+)\s+([^\s:]+)[\s:]+(\d{1,5})$/.exec(value.trim()) ?? [];
  const number = Number(port);
  if (name === undefined || host === undefined || number < 1 || number > 65_535) {
    throw new InvalidArgumentError("As '*i4 204.209.44.3 8080'; its name begins with *.");
  }
  return [...before, { name, host, port: number }];
}

export function tcpPort(value: string): number {
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port > 65_535) throw new InvalidArgumentError("A TCP port.");
  return port;
}

/** Services of a MUD, separated by commas. */
export function serviceList(value: string): Record<string, number> {
  const names = value.split(",").map((name) => name.trim());
  if (names.some((name) => !/^[a-z0-9-]+$/.test(name))) {
    throw new InvalidArgumentError("As tell,who,finger.");
  }
  return Object.fromEntries(names.map((name) => [name, 1]));
}
