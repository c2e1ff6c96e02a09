import type { IntermudConfig } from "@tellwire/config";
import type { IntermudRouter } from "@tellwire/contract";

/**
 * The router that is configured; null if none is.
 * @throws Error naming the variable that is missing
 */
export function routerOf(config: IntermudConfig): IntermudRouter | null {
  const { i3Federation: federation, i3Router: name, i3Address } = config;
  if (federation === undefined) return null;
  if (i3Address === undefined) {
    throw new Error("TELLWIRE_I3_ADDRESS is missing: MUDs are told to connect there");
  }
  const [host = "", port = ""] = i3Address.split(":");
  return { federation, name, host, port: Number(port) };
}
