/** A Redis that does not answer in this time counts as away. */
const PATIENCE_MS = 250;

/** The result, or an error if it takes too long: a limit must not keep anyone waiting. */
export async function patiently<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("Redis does not answer")), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
