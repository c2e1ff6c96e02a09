// Whether the service in this container can do its work: exits with 0 or 1, and
// prints what it lacks.
const port = process.env.TELLWIRE_HTTP_PORT || "8080";
try {
  const url = `http://127.0.0.1:${port}/health/ready`;
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  console.log(await response.text());
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.log(String(error.cause ?? error));
  process.exitCode = 1;
}
