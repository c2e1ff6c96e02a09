/** Whether stream id `a` is later than `b`; both `<milliseconds>-<number>`. */
export function afterId(a: string, b: string): boolean {
  const [aTime = 0, aNumber = 0] = a.split("-").map(Number);
  const [bTime = 0, bNumber = 0] = b.split("-").map(Number);
  return aTime > bTime || (aTime === bTime && aNumber > bNumber);
}
