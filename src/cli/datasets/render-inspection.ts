/** An inspection of a dataset as lines. */

import type { Inspection } from "../../training/datasets/index.ts";

/** Lines for people; what is wrong is told with its count also where it is 0. */
export function renderInspection(found: Inspection): string[] {
  const { leaks, diversity, duplicates, failedRules, contamination } = found;
  const [most] = diversity.repeated;
  return [
    `${found.kind} dataset: ${found.trainCount} training rows, ${found.testCount} test rows`,
    `  test instructions that stand in train: ${leaks.testInstructionsInTrain} of ${found.testCount}`,
    `  test rows whose document is in train: ${leaks.testDocumentsInTrain}`,
    `  answers that stand in no document: ${leaks.answersNotInCorpus ?? "not looked for, as there are no documents"}`,
    `  instructions: ${diversity.distinctCount} distinct of ${diversity.instructionCount}, ${diversity.distinctOpeningCount} openings` +
      (most ? `; "${most.text.slice(0, 60)}" stands ${most.count} times` : ""),
    `  duplicates: ${duplicates.exactInstruction} instructions, ${duplicates.exactAnswer} answers, ${duplicates.nearAnswer} near answers; ${duplicates.crossSplit} across the split`,
    `  rows that speak of an extract or a passage: ${found.mentionsOfSource}`,
    `  rows that fail the reference's rules: ${Object.entries(failedRules)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ")}`,
    ...contamination.map(
      ({ against, exampleCount, sameInstructionCount, sharedRunCount }) =>
        `  of ${against} (${exampleCount}), train has ${sameInstructionCount} instructions and runs of 13 words of ${sharedRunCount}`,
    ),
  ];
}
