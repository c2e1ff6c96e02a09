/** Puts each table between its markers, `<!-- table:NAME -->` and `<!-- /table:NAME -->`. */
export function withTables(text: string, tables: Readonly<Record<string, () => string>>): string {
  return Object.entries(tables).reduce((document, [name, make]) => {
    const [begin, end] = [`<!-- table:${name} -->`, `<!-- /table:${name} -->`];
    const [from, to] = [document.indexOf(begin), document.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`markers of the table "${name}" are missing`);
    return `${document.slice(0, from + begin.length)}\n${make()}\n${document.slice(to)}`;
  }, text);
}
