/** Which LoRA matrices a run trains: those of the adapter that it goes on from, or those that it is told. */

import type { LanguageModels, LoraConfig } from "../contracts/models.ts";
import { OptionConflictError } from "./errors.ts";

/** The seven projections of a Llama layer: what LoRA adapts unless it is told otherwise. */
export const LLAMA_PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

const DEFAULTS: LoraConfig = { r: 16, alpha: 32, targetModules: LLAMA_PROJECTIONS, dropout: 0 };

/**
 * The matrices that training has; null where all parameters are trained. An adapter to go on from has its own rank,
 * scale and targets; a whole checkpoint is trained as a whole.
 *
 * @param wanted  what was asked for: null for all parameters, and what is not said is left to the start
 * @param start  files that training starts from in place of the base
 * @throws {OptionConflictError} when what was asked for is not what the start has
 */
export function loraFor(
  wanted: Partial<LoraConfig> | null | undefined,
  models: Pick<LanguageModels, "loraOf">,
  start: ReadonlyMap<string, Uint8Array> | undefined,
): LoraConfig | null {
  if (wanted === null) return null;
  if (start === undefined) return { ...DEFAULTS, ...wanted };
  const adapter = models.loraOf(start);
  if (adapter === null) {
    if (wanted === undefined) return null;
    throw new OptionConflictError(
      "use_peft",
      true,
      "false: training starts from a whole checkpoint, and matrices for it would not fit the base",
    );
  }
  const own = { r: adapter.r, alpha: adapter.alpha, targetModules: adapter.targetModules };
  for (const [member, option] of NAMES) {
    const [asked, found] = [wanted?.[member], own[member]];
    if (asked === undefined || asText(asked) === asText(found)) continue;
    throw new OptionConflictError(option, asked, `${asText(found)}, as the adapter has that training goes on from`);
  }
  return { ...DEFAULTS, ...wanted, ...own };
}

const NAMES = [
  ["r", "lora_r"],
  ["alpha", "lora_alpha"],
  ["targetModules", "lora_target_modules"],
] as const;

/** Equal for equal values; the order of modules is no difference. */
function asText(value: number | readonly string[]): string {
  return typeof value === "number" ? String(value) : value.toSorted().join(", ");
}
