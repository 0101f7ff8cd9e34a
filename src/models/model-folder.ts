/** Files of a base model's folder. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../core/errors.ts";
import { BaseModelError } from "./errors.ts";

/** @throws {BaseModelError} (`base-model-unreadable`) when there is no such file */
export async function readBaseFile(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    throw new BaseModelError(join(folder, name), messageOf(error), { cause: error });
  }
}

/** @throws {BaseModelError} (`base-model-unreadable`) when there is no such file, or it is no JSON */
export async function readBaseJson(folder: string, name: string): Promise<unknown> {
  const content = await readBaseFile(folder, name);
  try {
    return JSON.parse(content.toString());
  } catch (error) {
    throw new BaseModelError(join(folder, name), `it is no JSON (${messageOf(error)})`, { cause: error });
  }
}
