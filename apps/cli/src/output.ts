type Row = Record<string, unknown>;

const text = (value: unknown): string => {
  if (value === null || value === undefined) return "-";
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

/** One JSON object a line, or a table for people. */
export function printRows(rows: readonly object[], json: boolean): void {
  const lines = json ? rows.map((row) => JSON.stringify(row)) : table(rows as Row[]);
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/** `human` where a person reads, the same as an object where a program does. */
export function printResult(result: object, human: string, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(result) : human}\n`);
}

function table(rows: readonly Row[]): string[] {
  if (rows.length === 0) return ["none"];
  const columns = Object.keys(rows[0] as Row);
  const cells = [
    columns.map((c) => c.replaceAll(/[A-Z]/g, " $&").toUpperCase()),
    ...rows.map((row) => columns.map((c) => text(row[c]))),
  ];
  const widths = columns.map((_, i) =>
    Math.max(...cells.map((line) => (line[i] as string).length)),
  );
  return cells.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join("  ")
      .trimEnd(),
  );
}
