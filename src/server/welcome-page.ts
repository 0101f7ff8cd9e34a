/** The page before there is a report: what runs here and how to ask it. */

import type { ServedModel } from "./served-models.ts";

/** A whole HTML document. */
export function welcomePage(models: readonly ServedModel[]): string {
  const items = models.map(({ id }) => `<li><code>${escapeHtml(id)}</code></li>`).join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Trilith</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#222;background:#fff}
code,pre{background:#f2f2f2;border-radius:4px;padding:.1rem .3rem}pre{padding:1rem;overflow:auto}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}code,pre{background:#2a2a2a}}</style></head>
<body><h1>Trilith</h1><p>The server is running. There is no report yet: <code>npm start</code> makes one, and it will stand here.</p>
<h2>Models</h2><ul>${items}</ul>
<h2>Ask</h2><pre>curl -s -H 'content-type: application/json' \\
  -d '{"query": "What is this about?"}' \\
  \$TRILITH_URL/rag</pre>
<p>Or point any OpenAI client at <code>/v1</code>.</p></body></html>
`;
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
