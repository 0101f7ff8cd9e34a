/** Trains an author's adapter on the training side of a dataset, and says how it goes while it goes. */

import { folder, step } from "trilith";
import { type FineTuneReport, fineTune, holdOutDocuments, Sample, samplesFor } from "trilith/training";
import { z } from "zod";
import { Hyperparameters, toFineTuneOptions } from "./hyperparameters.ts";

/** How a training run went; the names are those of `FineTuneMetrics`, losses are nats a token. */
export const TrainingReport = z.object({
  ended: z.enum(["completed", "early-stop", "time"]),
  metrics: z.object({
    steps: z.int(),
    epochs: z.number(),
    tokens: z.int(),
    seconds: z.number(),
    tokensPerSecond: z.number(),
    trainableParameters: z.int(),
    droppedSamples: z.int(),
    finalTrainLoss: z.number(),
    initialValidationLoss: z.number(),
    validationLoss: z.number(),
    bestStep: z.int(),
  }),
});
export type TrainingReport = z.infer<typeof TrainingReport>;

export const train = step({
  name: "train",
  input: z.object({
    samples: z.array(Sample).readonly(),
    /** Share of the training documents that chooses the best parameters. */
    validation_split_size: z.number().gt(0).lt(1).default(0.1),
    hyperparameters: Hyperparameters,
  }),
  outputs: { adapter: folder(), report: TrainingReport },
  uses: ["languageModels"],
  async run({ samples, validation_split_size, hyperparameters }, context) {
    const { languageModels: models } = context.workspace;
    const usable = samplesFor(models, samples);
    if (usable.length < samples.length) {
      context.log.info("the base is too small for instructions: it trains on continuations alone", {
        samples: samples.length,
        used: usable.length,
      });
    }
    const { files, ...report } = await fineTune({
      models,
      ...holdOutDocuments(usable, { fraction: validation_split_size, seed: hyperparameters.seed }),
      options: toFineTuneOptions(hyperparameters),
      clock: context.clock,
      signal: context.signal,
      onStep: (each) => observe(each, context),
    });
    context.metadata.log({ ...report.metrics, ended: report.ended });
    return { adapter: files, report };
  },
});

type Voice = Pick<Parameters<(typeof train)["run"]>[1], "metric" | "progress" | "log">;

function observe(report: FineTuneReport, { metric, progress, log }: Voice): void {
  const { step: at, stepCount, loss, learningRate, tokensPerSecond, validationLoss, sampleText } = report;
  metric("train_loss", loss, at);
  metric("learning_rate", learningRate, at);
  metric("tokens_per_second", tokensPerSecond, at);
  if (validationLoss !== undefined) metric("validation_loss", validationLoss, at);
  if (sampleText !== undefined) log.info("sample", { step: at, text: sampleText });
  progress(at, stepCount, `loss ${loss.toFixed(3)}`);
}
