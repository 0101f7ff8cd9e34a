/** What is remembered of a job at a service, in the job's folder: so that nothing is uploaded or started twice. */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const FILE = "openai.json";

const ServiceRecord = z.object({
  schemaVersion: z.literal(1),
  trainingFile: z.string().optional(),
  validationFile: z.string().optional(),
  /** Set before the job is asked for: one without a `jobId` may have been started and not been heard of. */
  starting: z.boolean().default(false),
  jobId: z.string().optional(),
  /** What a job had cost when it was cancelled for that. */
  spentUsd: z.number().optional(),
});
/** Ids that the service gave. */
export type ServiceRecord = z.infer<typeof ServiceRecord>;

/** Of a job of which the service knows nothing. */
export const EMPTY_RECORD: ServiceRecord = { schemaVersion: 1, starting: false };

/** What was written; an empty record where nothing was, or nothing that can be read. */
export async function loadRecord(folder: string): Promise<ServiceRecord> {
  const text = await readFile(join(folder, FILE), "utf8").catch(() => "null");
  try {
    return ServiceRecord.safeParse(JSON.parse(text)).data ?? EMPTY_RECORD;
  } catch {
    return EMPTY_RECORD; // not JSON
  }
}

/** Writes the whole record at once: a killed process leaves the old one or the new one. */
export async function saveRecord(folder: string, record: ServiceRecord): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, FILE);
  await writeFile(`${path}.part`, JSON.stringify(record, undefined, 2), { flush: true });
  await rename(`${path}.part`, path);
}
