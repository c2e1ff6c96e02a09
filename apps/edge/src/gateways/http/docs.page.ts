import type { Endpoint, OpenApi } from "./openapi.js";

const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const prose = (text: string): string =>
  escape(text)
    .split("\n\n")
    .map((paragraph) => `<p>${paragraph.replace(/`([^`]+)`/g, "<code>$1</code>")}</p>`)
    .join("");

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733 }
code, pre { font: 13px/1.5 ui-monospace, monospace; background: #f2f5f8; border-radius: 4px; padding: .1em .3em }
pre { padding: .8em; overflow-x: auto }
details { border-bottom: 1px solid #d8e0e8; padding: .5rem 0 }
summary { cursor: pointer }
@media (prefers-color-scheme: dark) { body { background: #12181f; color: #d8e0e8 } code, pre { background: #1d2630 } }
`;

/** The description as one page without scripts or outside resources. */
export function docsPage(description: OpenApi): string {
  const sections = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, endpoint]) => section(method, path, endpoint)),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Tellwire API</title><style>${STYLE}</style></head><body>
<h1>Tellwire API</h1>
<p>Authenticate with <code>X-API-Key</code> (and <code>X-User</code> to act as one user) or
<code>Authorization: Bearer</code>. As <a href="/api/docs/openapi.json">OpenAPI 3.1</a>.</p>
${sections.join("\n")}
</body></html>
`;
}

function section(method: string, path: string, endpoint: Endpoint): string {
  const { summary, description, tags: _, operationId: __, ...details } = endpoint;
  return `<details><summary><code>${method.toUpperCase()} ${escape(path)}</code> ${escape(summary)}</summary>
${description ? prose(description) : ""}<pre>${escape(JSON.stringify(details, null, 2))}</pre></details>`;
}
