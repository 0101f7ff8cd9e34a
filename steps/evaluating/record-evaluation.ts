/** Writes what an evaluation measured into the registry, for cards, comparisons and gates of promotion. */

import { step } from "trilith";
import { z } from "zod";
import { EvaluationReport } from "./evaluate.ts";

export const recordEvaluation = step({
  name: "record_evaluation",
  input: z.object({ report: EvaluationReport }),
  uses: ["registry"],
  cache: false,
  async run({ report }, { workspace, run }) {
    for (const { author, model } of report.models) {
      const [, name = "", version] = /^(.*)@(\d+)$/s.exec(model) ?? [];
      await workspace.registry.addMetrics({ name, version: Number(version) }, metricsOf(report, author), {
        runId: run.id,
      });
    }
  },
});

/** By the names of the registry: `x.low` and `x.high` are the 95 % limits of `x`. */
function metricsOf({ style, copying }: EvaluationReport, author: string): Record<string, number> {
  const own = style.cells.filter((cell) => cell.author === author && cell.order === "original");
  const cell = own.find(({ voice }) => voice === author);
  const base = own.find(({ voice }) => voice === "base");
  const gain = style.gains.find((each) => each.author === author && each.order === "original");
  const row = (writer: string) => copying.find((each) => each.author === author && each.writer === writer);
  const [adapter, natural] = [row("adapter"), row("author")];
  return {
    ...(cell && withLimits("bits_per_byte", cell.bitsPerByte, cell.interval)),
    ...(base && withLimits("base_bits_per_byte", base.bitsPerByte, base.interval)),
    ...(gain && withLimits("style_gain", gain.gain, gain.interval)),
    ...(adapter && {
      longest_copied_words: adapter.longestSpan.wordCount,
      eight_gram_overlap: adapter.eightGramOverlap,
    }),
    ...(natural && {
      author_longest_copied_words: natural.longestSpan.wordCount,
      author_eight_gram_overlap: natural.eightGramOverlap,
    }),
  };
}

function withLimits(name: string, value: number, { low, high }: { low: number; high: number }): Record<string, number> {
  return { [name]: value, [`${name}.low`]: low, [`${name}.high`]: high };
}
