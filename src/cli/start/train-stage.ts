/**
 * Trains one adapter a subject on the same base, side by side, with both curves live and the same prompt
 * continued by each as it learns. A cached training is drawn from the run that did it.
 */

import type { LogRecord } from "../../contracts/runs.ts";
import type { RunEvent } from "../../orchestrator/index.ts";
import { sparkline } from "../../training/index.ts";
import type { AuthorReport } from "./report.ts";
import { beginStage, newestModelOf, runStage, type Session, type Subject } from "./session.ts";

/** What both trainings are told; the same for every subject, so that only the writing differs. */
const HYPERPARAMETERS = {
  num_train_epochs: 3,
  per_device_train_batch_size: 4,
  sample_every_seconds: 10,
  split: "latest",
  test_split_size: 0.2,
};

/** Trains all subjects' adapters and fills in curves, snapshots and models. */
export async function runTrainStage(session: Session): Promise<void> {
  const { subjects, report } = session;
  beginStage(session, "Training: one adapter each, on the same base");
  const shown = createProgressLines(session);
  await Promise.all(
    subjects.map(async (subject, index) => {
      const author = report.authors[index];
      if (author === undefined) return;
      await trainOne(session, subject, { author, onChange: shown });
    }),
  );
  session.terminal.status("");
}

async function trainOne(
  session: Session,
  { name, rights }: Subject,
  { author, onChange }: { author: AuthorReport; onChange: () => void },
): Promise<void> {
  const parameters = { ...HYPERPARAMETERS, author_full_name: name, rights, sample_prompt: session.report.prompt };
  let cachedFrom: { runId: string; invocationId: string } | undefined;
  await runStage(session, { pipeline: "training", parameters }, (event) => {
    if (event.type === "step-cached" && event.step === "train") cachedFrom = event.from;
    observe(event, author, session.report.prompt);
    onChange();
  });
  if (cachedFrom !== undefined) await recallTraining(session, cachedFrom, author);
  const model = await newestModelOf(session, name);
  author.model = model === undefined ? null : `${model.name}@${model.version}`;
  session.terminal.note(
    `  ${name}: ${curveText(author)}${cachedFrom === undefined ? "" : session.terminal.color.cyan("  (cached)")}`,
  );
}

function observe(event: RunEvent, author: AuthorReport, prompt: string): void {
  if (event.type === "step-metric" && event.atStep !== null)
    addMetric(author, event.name, { value: event.value, step: event.atStep });
  if (event.type === "step-progress" && event.step === "train") author.steps = event.total;
  if (event.type === "step-log") addSample(author, prompt, event);
}

function addMetric(author: AuthorReport, name: string, { value, step }: { value: number; step: number }): void {
  const last = author.curve.at(-1);
  if (name === "train_loss") author.curve.push({ step, loss: value, validation: null });
  if (name === "validation_loss" && last?.step === step) last.validation = value;
  if (name === "tokens_per_second") author.tokensPerSecond = value;
}

function addSample(
  author: AuthorReport,
  prompt: string,
  { message, fields }: Pick<LogRecord, "message" | "fields">,
): void {
  const { step, text } = fields;
  if (message !== "sample" || typeof step !== "number" || typeof text !== "string") return;
  author.snapshots.push({ step, text: text.startsWith(prompt) ? text.slice(prompt.length) : text });
}

/** Fills curve and snapshots from the journal of the run whose adapter is used again. */
async function recallTraining(
  { workspace: { runs }, report }: Session,
  { runId, invocationId }: { runId: string; invocationId: string },
  author: AuthorReport,
): Promise<void> {
  const [metrics, logs] = await Promise.all([
    runs.observations.listMetrics(runId, { invocationId }),
    runs.observations.listLogs(runId, { invocationId }),
  ]);
  const byStep = metrics.toSorted((a, b) => (a.atStep ?? 0) - (b.atStep ?? 0) || (a.name === "train_loss" ? -1 : 1));
  for (const { name, value, atStep } of byStep) if (atStep !== null) addMetric(author, name, { value, step: atStep });
  for (const log of logs) addSample(author, report.prompt, log);
  author.steps = author.curve.at(-1)?.step ?? 0;
}

/** A function that redraws the live line, and prints a round of samples when every author has a new one. */
function createProgressLines({ report, terminal }: Session): () => void {
  let printedRounds = 0;
  return () => {
    terminal.status(report.authors.map((author) => `${author.name} ${curveText(author)}`).join("   "));
    const rounds = Math.min(...report.authors.map(({ snapshots }) => snapshots.length));
    if (rounds <= printedRounds) return;
    printedRounds = rounds;
    terminal.note(`  ${terminal.color.dim(report.prompt)} …`);
    for (const { name, snapshots } of report.authors) {
      const snapshot = snapshots[rounds - 1];
      if (snapshot)
        terminal.note(
          `    ${terminal.color.cyan(name)} ${terminal.color.dim(`step ${snapshot.step}`)} ${oneLine(snapshot.text, 150)}`,
        );
    }
  };
}

/** "step 20/96  loss 4.81 → 3.62 ▇▆▅▄▃" */
function curveText({ curve, steps, tokensPerSecond }: AuthorReport): string {
  const [first, last] = [curve[0], curve.at(-1)];
  if (first === undefined || last === undefined) return "waiting";
  const speed = tokensPerSecond === null ? "" : `  ${Math.round(tokensPerSecond)} tokens/s`;
  return `step ${last.step}/${steps}  loss ${first.loss.toFixed(2)} → ${last.loss.toFixed(2)} ${sparkline(curve.map(({ loss }) => loss))}${speed}`;
}

/** Text on one line, cut at a number of characters. */
export function oneLine(text: string, length: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}
