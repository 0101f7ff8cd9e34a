/** `trilith serve`: the twins over HTTP until Ctrl-C. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommandContext } from "../command-context.ts";
import { withProject } from "../open-project.ts";
import { openServer } from "../open-server.ts";
import { parseCount } from "../option-values.ts";

/** Serves until the signal; replies under way are ended, not cut off. */
export async function serveCommand(
  context: CommandContext,
  options: { readonly port: string; readonly host: string },
): Promise<void> {
  const { terminal, signal, env } = context;
  const port = parseCount("--port", options.port, { min: 0, max: 65_535 });
  await withProject(context, async (workspace) => {
    const page = join(workspace.folder, "report", "index.html");
    const server = await openServer(workspace, {
      host: options.host,
      port,
      apiKey: env["TRILITH_API_KEY"],
      report: () => readFile(page, "utf8").catch(() => undefined), // there is no report before `trilith start`
    });
    terminal.printJson({ url: server.url });
    terminal.print(`${server.url}  /v1/chat/completions  /v1/models  /rag  /health   (Ctrl-C stops it)`);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    await server.close();
  });
}
