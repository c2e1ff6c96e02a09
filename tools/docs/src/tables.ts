import { CLOSE_CODES, ERRORS, EVENTS, OPERATIONS } from "@tellwire/contract";
import { z } from "zod";
import { memberTexts, typeText, type Schema } from "./type-text.js";

interface Operation {
  summary: string;
  params: z.ZodType;
  result: z.ZodType;
  permission: string | null;
  needs?: string;
}

const schemaOf = (type: z.ZodType, io: "input" | "output"): Schema =>
  z.toJSONSchema(type, { io, unrepresentable: "any" }) as Schema;

const cell = (text: string): string => text.replaceAll("|", "\\|");

const table = (heads: string[], rows: string[][]): string =>
  [heads, heads.map(() => "---"), ...rows]
    .map((row) => `| ${row.map(cell).join(" | ")} |`)
    .join("\n");

const needs = ({ permission, needs: wants }: Operation): string => {
  if (wants === "none") return "nothing";
  const right = permission === null ? "authentication" : `\`${permission}\``;
  return wants === "connection" ? `${right}, a connection` : right;
};

const operations = (): string =>
  table(
    ["operation", "params", "result", "needs"],
    Object.entries<Operation>(OPERATIONS).map(([name, operation]) => [
      `**\`${name}\`**<br>${operation.summary}`,
      memberTexts(schemaOf(operation.params, "input")).join("<br>") || "none",
      `\`${typeText(schemaOf(operation.result, "output"))}\``,
      needs(operation),
    ]),
  );

const events = (): string =>
  table(
    ["event", "params", "meaning"],
    Object.entries(EVENTS).map(([name, { params, summary }]) => [
      `\`${name}\``,
      memberTexts(schemaOf(params, "output")).join("<br>"),
      summary,
    ]),
  );

const errors = (): string =>
  table(
    ["code", "name", "HTTP", "temporary", "meaning"],
    Object.entries(ERRORS).map(([name, { code, status, temporary, message }]) => [
      String(code).replace("-", "−"),
      `\`${name}\``,
      String(status),
      temporary ? "yes" : "no",
      message,
    ]),
  );

const closeCodes = (): string =>
  table(
    ["code", "name", "come back?", "reason"],
    Object.entries(CLOSE_CODES).map(([name, { code, reconnect, reason }]) => [
      String(code),
      `\`${name}\``,
      reconnect ? "yes" : "no",
      reason,
    ]),
  );

/** By the name between the markers in the documents. */
export const TABLES: Readonly<Record<string, () => string>> = {
  operations,
  events,
  errors,
  "close-codes": closeCodes,
};
