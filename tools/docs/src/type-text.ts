/** The part of JSON Schema that the catalogue's schemas come to. */
export interface Schema {
  type?: string | readonly string[];
  format?: string;
  const?: unknown;
  enum?: readonly unknown[];
  anyOf?: readonly Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  additionalProperties?: Schema | boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  description?: string;
}

/** A schema as a reader of TypeScript would write it, in one line. */
export function typeText(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((v) => JSON.stringify(v)).join(" | ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(" | ");
  if (typeof schema.type === "object") return schema.type.join(" | ");
  switch (schema.type) {
    case "object":
      return objectText(schema);
    case "array":
      return listOf(typeText(schema.items ?? {}));
    case "string":
      return schema.format === "uuid" ? "uuid" : schema.format === "date-time" ? "time" : "string";
    case undefined:
      return "any";
    default:
      return schema.type;
  }
}

/** The members of params, one a line, with their bounds and what the schema says of them. */
export function memberTexts(schema: Schema): string[] {
  return Object.entries(schema.properties ?? {}).map(([name, member]) => {
    const optional = schema.required?.includes(name) ? "" : "?";
    const notes = [boundsText(member), member.description].filter((note) => note).join("; ");
    return `\`${name}${optional}: ${typeText(member)}\`${notes && ` (${notes})`}`;
  });
}

function objectText({ properties, required, additionalProperties }: Schema): string {
  if (properties === undefined) {
    const values =
      typeof additionalProperties === "object" ? typeText(additionalProperties) : "any";
    return `{[name]: ${values}}`;
  }
  const members = Object.entries(properties).map(
    ([name, member]) => `${name}${required?.includes(name) ? "" : "?"}: ${typeText(member)}`,
  );
  return `{${members.join(", ")}}`;
}

const listOf = (item: string): string =>
  item.includes(" | ") && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;

function boundsText(schema: Schema): string {
  if (schema.maxItems !== undefined) return `${schema.minItems ?? 0}–${schema.maxItems}`;
  if (schema.format !== undefined) return "";
  if (schema.maxLength !== undefined) return `at most ${schema.maxLength} characters`;
  const { minimum, maximum } = schema;
  // The end of the safe integers is no bound that anybody meets.
  if (maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER) return "";
  return `${minimum}–${maximum}`;
}
