/** Arguments of the commands about features: which group, and which version of it. */

import type { FeatureGroupName, FeatureStore } from "../../contracts/features.ts";
import { UnknownNameError } from "../errors.ts";

export const GROUPS: readonly FeatureGroupName[] = ["cleaned_documents", "chunks"];

/** @throws {UnknownNameError} */
export function parseGroup(name: string): FeatureGroupName {
  const group = GROUPS.find((each) => each === name);
  if (group === undefined) throw new UnknownNameError("feature group", name, GROUPS);
  return group;
}

/**
 * A version by its number, or by a time: the latest then.
 *
 * @throws {FeatureVersionUnknownError} for a version that was not written
 * @throws {FeatureTimeError} for what is neither, and for a time that has not come
 */
export async function parseVersion(features: FeatureStore, group: FeatureGroupName, asOf?: string): Promise<number> {
  if (asOf === undefined || !/^\d{1,9}$/.test(asOf)) return features.version(group, asOf);
  const version = Number(asOf);
  await features.describe(group, version);
  return version;
}
