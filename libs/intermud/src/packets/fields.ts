import { LpcFloat, type LpcMapping, type LpcValue } from "../mudmode/lpc-value.js";

/**
 * One field of a packet. Reading understands what known peers send instead of what
 * the specification asks for; writing has one form.
 */
export interface Field<T> {
  /** Undefined: cannot be read as this. `value` is undefined where the packet ends before it. */
  read(value: LpcValue | undefined): T | undefined;
  write(value: T): LpcValue;
}

export type FieldSet = Readonly<Record<string, Field<unknown>>>;

export type Fields<S extends FieldSet> = {
  [K in keyof S]: S[K] extends Field<infer T> ? T : never;
};

/** 0, which is how LPC says "none", is the empty string; other numbers are their digits. */
export const text: Field<string> = {
  read: (value) => {
    if (value === 0) return "";
    if (typeof value === "number" || typeof value === "bigint") return String(value);
    return typeof value === "string" ? value : undefined;
  },
  write: (value) => value,
};

/** Text that a MUD may keep to itself, by 0. */
export const privateText: Field<string | null> = {
  read: (value) => (value === 0 ? null : text.read(value)),
  write: (value) => value ?? 0,
};

/** The name of a MUD or channel: never empty. */
export const name: Field<string> = {
  read: (value) => (typeof value === "string" && value !== "" ? value : undefined),
  write: (value) => value,
};

/** The name of a user, which routes and is therefore lower-case (packet documentation, "target_username"). */
export const user: Field<string> = {
  read: (value) => name.read(value)?.toLowerCase(),
  write: (value) => value.toLowerCase(),
};

/** Some peers write digits in a string where an int is due. */
export const int: Field<number> = {
  read: (value) => {
    const number = toNumber(value);
    return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
  },
  write: (value) => value,
};

function toNumber(value: LpcValue | undefined): number | undefined {
  if (typeof value === "number") return value;
  // Adding 0 turns -0, which LPC does not know, into 0.
  if (value instanceof LpcFloat) return Math.trunc(value.value) + 0;
  return typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) + 0 : undefined;
}

export const flag: Field<boolean> = {
  read: (value) => {
    const number = int.read(value);
    return number === undefined ? undefined : number !== 0;
  },
  write: (value) => (value ? 1 : 0),
};

/** Anything that is no mapping is an empty one: drivers write 0 or an empty array for it. */
export const mapping: Field<LpcMapping> = {
  read: (value) => (value instanceof Map ? value : new Map()),
  write: (value) => value,
};

/** Names with numbers; entries of other kinds are left out. */
export const intsByName: Field<Map<string, number>> = {
  read: (value) => {
    const entries = Array.from(mapping.read(value) ?? [], ([key, item]) => [key, int.read(item)]);
    return new Map(
      entries.filter((entry): entry is [string, number] => {
        return typeof entry[0] === "string" && entry[1] !== undefined;
      }),
    );
  },
  write: (value) => value,
};

/** A whole packet within another. */
export const embedded: Field<LpcValue[]> = {
  read: (value) => (Array.isArray(value) ? value : undefined),
  write: (value) => value,
};

export const anything: Field<LpcValue> = {
  read: (value) => value,
  write: (value) => value,
};

/** What cannot be read, or is missing, is `fallback`. */
export const otherwise = <T>(field: Field<T>, fallback: T): Field<T> => ({
  read: (value) => field.read(value) ?? fallback,
  write: (value) => field.write(value),
});

export const nullable = <T>(field: Field<T>): Field<T | null> => ({
  read: (value) => (value === 0 || value === undefined ? null : field.read(value)),
  write: (value) => (value === null ? 0 : field.write(value)),
});

/** Items that cannot be read are left out; 0 is an empty list. */
export const listOf = <T>(field: Field<T>): Field<T[]> => ({
  read: (value) => {
    if (value === 0) return [];
    if (!Array.isArray(value)) return undefined;
    return value.map((item) => field.read(item)).filter((item) => item !== undefined);
  },
  write: (value) => value.map((item) => field.write(item)),
});

/**
 * By name; null for a name that is no more, which travels as 0. One entry that cannot
 * be read is left out, since a list of all MUDs is not worth less for one bad line.
 */
export const byName = <T>(field: Field<T>): Field<Map<string, T | null>> => ({
  read: (value) => {
    if (!(value instanceof Map)) return value === 0 || Array.isArray(value) ? new Map() : undefined;
    const entries = new Map<string, T | null>();
    for (const [key, item] of value) {
      const read = item === 0 ? null : field.read(item);
      if (typeof key === "string" && key !== "" && read !== undefined) entries.set(key, read);
    }
    return entries;
  },
  write: (value) =>
    new Map(Array.from(value, ([key, item]) => [key, item === null ? 0 : field.write(item)])),
});

/** An array with a meaning for each place. Places beyond are ignored. */
export const tuple = <S extends FieldSet>(fields: S): Field<Fields<S>> => ({
  read: (value) => {
    if (!Array.isArray(value)) return undefined;
    const read = readFields(fields, (_, place) => value[place]);
    return "fields" in read ? read.fields : undefined;
  },
  write: (value) => writeFields(fields, value),
});

/** A mapping with a meaning for each key. */
export const keyed = <S extends FieldSet>(fields: S): Field<Fields<S>> => ({
  read: (value) => {
    if (!(value instanceof Map)) return undefined;
    const read = readFields(fields, (key) => value.get(key));
    return "fields" in read ? read.fields : undefined;
  },
  write: (value) => {
    const values = writeFields(fields, value);
    return new Map(Object.keys(fields).map((key, place) => [key, values[place] as LpcValue]));
  },
});

export function readFields<S extends FieldSet>(
  fields: S,
  valueAt: (key: string, place: number) => LpcValue | undefined,
): { fields: Fields<S> } | { unreadable: string } {
  const read: Record<string, unknown> = {};
  for (const [place, [key, field]] of Object.entries(fields).entries()) {
    const value = field.read(valueAt(key, place));
    if (value === undefined) return { unreadable: key };
    read[key] = value;
  }
  return { fields: read as Fields<S> };
}

export function writeFields<S extends FieldSet>(fields: S, values: Fields<S>): LpcValue[] {
  return Object.entries(fields).map(([key, field]) => field.write(values[key]));
}
