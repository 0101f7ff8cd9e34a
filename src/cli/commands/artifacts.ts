/** `trilith artifacts`: versions of what steps made, newest first, or everything about one. */

import type { ArtifactRecord } from "../../contracts/runs.ts";
import { shortHash } from "../../core/hash.ts";
import type { CommandContext } from "../command-context.ts";
import { UnknownNameError } from "../errors.ts";
import { withProject } from "../open-project.ts";
import { parseCount } from "../option-values.ts";
import { table } from "../terminal.ts";

/** Lists artifact versions (of a name, when it is one), or shows `name@version`. */
export async function artifactsCommand(
  context: CommandContext,
  name: string | undefined,
  options: { limit: string },
): Promise<void> {
  const { terminal } = context;
  await withProject(context, async ({ runs }) => {
    if (name?.includes("@")) {
      const artifact = await runs.artifacts.find(name);
      if (artifact === undefined) throw new UnknownNameError("artifact", name, "List them with: trilith artifacts");
      terminal.printJson(artifact);
      for (const line of describe(artifact)) terminal.print(line);
      return;
    }
    const limit = parseCount("--limit", options.limit);
    const found = await runs.artifacts.list({ ...(name === undefined ? {} : { name }), limit });
    if (found.length === 0 && name !== undefined)
      throw new UnknownNameError("artifact", name, "List them with: trilith artifacts");
    terminal.printJson(found);
    if (found.length === 0) terminal.print("No artifact yet: a run's steps make them.");
    else for (const line of table(["ARTIFACT", "SIZE", "HASH", "MADE BY"], found.map(toRow))) terminal.print(line);
  });
}

const toRow = ({ id, sizeBytes, hash, producer }: ArtifactRecord): (string | number)[] => [
  id,
  sizeBytes,
  shortHash(hash),
  producer?.runId ?? "registered",
];

function describe({
  id,
  hash,
  sizeBytes,
  materializer,
  producer,
  source,
  consumers,
  preview,
}: ArtifactRecord): string[] {
  return [
    id,
    `hash      ${hash}`,
    `size      ${sizeBytes} bytes, ${materializer}`,
    producer === null ? `source    ${source}` : `made by   ${producer.invocationId} in ${producer.runId}`,
    `read by   ${consumers.length === 0 ? "nobody" : consumers.map(({ invocationId, runId }) => `${invocationId} in ${runId}`).join("\n          ")}`,
    `preview   ${JSON.stringify(preview)}`,
  ];
}
