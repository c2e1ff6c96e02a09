/** An operation of a JSON Patch (RFC 6902). */
export interface Operation {
  op: "add" | "remove" | "replace";
  path: string;
  value?: unknown;
}

type Json = Record<string, unknown>;

/** The operations that make `from` into `to`, each as deep in it as can be. */
export function patchOf(from: unknown, to: unknown, path = ""): Operation[] {
  if (equal(from, to)) return [];
  if (isMap(from) && isMap(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return keys.flatMap((key) => memberPatch(from, to, key, `${path}/${escape(key)}`));
  }
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
    return from.flatMap((each, i) => patchOf(each, to[i], `${path}/${i}`));
  }
  return [{ op: "replace", path, value: to }];
}

function memberPatch(from: Json, to: Json, key: string, path: string): Operation[] {
  if (!(key in to)) return [{ op: "remove", path }];
  if (!(key in from)) return [{ op: "add", path, value: to[key] }];
  return patchOf(from[key], to[key], path);
}

function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, i) => equal(each, b[i]));
  }
  if (!isMap(a) || !isMap(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]))
  );
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** RFC 6901. */
function escape(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
