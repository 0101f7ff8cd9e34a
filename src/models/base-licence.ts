/** The licence of a base as its model card states it: `license` in the metadata of its folder's `README.md`. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** With `other`, the hub keeps the licence's name beside it. */
const Stated = z.object({ license: z.string(), license_name: z.string().optional() });

/** @source https://huggingface.co/docs/hub/model-cards#model-card-metadata */
export async function readBaseLicence(folder: string): Promise<string | undefined> {
  const readme = await readFile(join(folder, "README.md"), "utf8").catch(() => "");
  const [, metadata] = /^---\r?\n(.*?)\r?\n---/s.exec(readme) ?? [];
  if (metadata === undefined) return undefined;
  const stated = Stated.safeParse(parseYaml(metadata)).data;
  return stated?.license === "other" ? (stated.license_name ?? "other") : stated?.license;
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined; // a card that the hub would refuse states nothing
  }
}
