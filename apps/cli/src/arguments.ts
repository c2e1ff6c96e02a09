import { InvalidArgumentError } from "commander";
import {
  parseTenant,
  PERMISSIONS,
  TellwireError,
  type Identity,
  type Permission,
} from "@tellwire/contract";

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
