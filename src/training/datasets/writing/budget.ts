/** What asking a model costs: estimated before, counted while it is asked, and never more than its limit. */

import { z } from "zod";
import type { TokenUsage } from "../../../contracts/models.ts";
import { CostUnknownError } from "../errors.ts";

/** A model's prices, as its provider states them. */
export const Prices = z.object({
  usdPerMillionInputTokens: z.number().nonnegative(),
  usdPerMillionOutputTokens: z.number().nonnegative(),
});
/** A model's prices. */
export type Prices = z.infer<typeof Prices>;

/** Bytes of a token: English has about 4.3 with the vocabularies of large models, so this estimates too many rather than too few. */
const BYTES_PER_TOKEN = 3.5;

/** Tokens of a text for a model whose tokenizer is not here. */
export const estimateTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);

/** The price of tokens. */
export const costOf = ({ inputTokens, outputTokens }: TokenUsage, prices: Prices): number =>
  (inputTokens * prices.usdPerMillionInputTokens + outputTokens * prices.usdPerMillionOutputTokens) / 1e6;

/** Money that is spent and money that is held for answers under way: together never over the limit. */
export interface Budget {
  /** Holds the cost of an answer, waiting for others to settle where it does not fit yet; whether it fits. */
  reserve(most: TokenUsage): Promise<boolean>;
  /** Gives back what was held, and counts what it came to. */
  settle(most: TokenUsage, used: TokenUsage): void;
  /** Counts what was paid earlier. */
  add(used: TokenUsage): void;
  spent(): { readonly usage: TokenUsage; readonly costUsd: number | null };
}

/** @throws {CostUnknownError} (`cost-unknown`) when there is a limit and no price */
export function createBudget({ prices, maxCostUsd }: { prices: Prices | null; maxCostUsd: number | null }): Budget {
  if (maxCostUsd !== null && prices === null) throw new CostUnknownError(maxCostUsd);
  const usage = { inputTokens: 0, outputTokens: 0 };
  let heldUsd = 0;
  let heldCount = 0;
  let waiting: (() => void)[] = [];
  const price = (tokens: TokenUsage): number => (prices === null ? 0 : costOf(tokens, prices));
  const add = ({ inputTokens, outputTokens }: TokenUsage): void => {
    usage.inputTokens += inputTokens;
    usage.outputTokens += outputTokens;
  };
  return {
    add,
    async reserve(most) {
      while (maxCostUsd !== null && price(usage) + heldUsd + price(most) > maxCostUsd) {
        if (heldCount === 0) return false;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      heldUsd += price(most);
      heldCount++;
      return true;
    },
    settle(most, used) {
      heldUsd -= price(most);
      heldCount--;
      add(used);
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    spent: () => ({ usage: { ...usage }, costUsd: prices === null ? null : price(usage) }),
  };
}
