/** Measures the voices against each other on documents that none has seen, and how far they copy. */

import { createRandom } from "../../core/random.ts";
import { heldOutDocuments, type StyleCell, VoicesReport } from "../../evaluation/index.ts";
import { makeQuiz, type QuizSource } from "./quiz.ts";
import type { StartReport } from "./report.ts";
import { beginStage, newestModelOf, runStage, type Session } from "./session.ts";

const SEED = 7;

/** Runs `evaluating` and fills in the matrix, the copying table and the quiz. */
export async function runEvaluateStage(session: Session): Promise<void> {
  const { report, terminal, subjects } = session;
  beginStage(session, "Evaluation: whose voice is it?");
  const names = subjects.map(({ name }) => name);
  const { outputs } = await runStage(
    session,
    { pipeline: "evaluating", parameters: { author_full_names: names } },
    (event) => event.type === "step-progress" && terminal.status(`${event.displayName} ${event.label ?? ""}`),
  );
  terminal.status("");
  const voices = VoicesReport.loose().parse((outputs as { report: unknown }).report); // the pipeline's output is named so
  report.matrix = toMatrix(voices, names);
  report.copying = toCopying(voices, names);
  for (const line of matrixLines(report.matrix, terminal.color.bold)) terminal.note(`  ${line}`);
  const sources = await Promise.all(names.map((name) => quizSources(session, name, voices)));
  report.quiz = makeQuiz(sources.flat(), createRandom(SEED));
}

type Matrix = NonNullable<StartReport["matrix"]>;

function toMatrix({ style }: VoicesReport, names: readonly string[]): Matrix {
  const models = ["base", ...names];
  const cell = (author: string, voice: string, order: StyleCell["order"]): StyleCell | undefined =>
    style.cells.find((each) => each.author === author && each.voice === voice && each.order === order);
  return {
    models,
    rows: names.map((author) => ({
      author,
      documents: cell(author, "base", "original")?.documents.length ?? 0,
      cells: models.map((voice) => {
        const found = cell(author, voice, "original");
        return { mean: found?.bitsPerByte ?? 0, low: found?.interval.low ?? 0, high: found?.interval.high ?? 0 };
      }),
    })),
    gains: style.gains
      .filter(({ order }) => order === "original")
      .map(({ author, gain, interval }) => ({ author, gain: { mean: gain, low: interval.low, high: interval.high } })),
    shuffled: names.map((author) => ({ author, bitsPerByte: cell(author, author, "shuffled")?.bitsPerByte ?? 0 })),
  };
}

function toCopying({ copying }: VoicesReport, names: readonly string[]): StartReport["copying"] {
  return names.flatMap((author) => {
    const row = copying.find((each) => each.author === author && each.writer === "adapter");
    const natural = copying.find((each) => each.author === author && each.writer === "author");
    if (row === undefined) return [];
    const { wordCount, text } = row.longestSpan;
    const naturalWords = natural?.longestSpan.wordCount ?? 0;
    return [{ author, longestWords: wordCount, naturalWords, span: text, overlap8: row.eightGramOverlap }];
  });
}

/** The author's unseen passages, and what the author's adapter wrote. */
async function quizSources(session: Session, name: string, voices: VoicesReport): Promise<QuizSource[]> {
  const features = await session.workspace.open("features");
  const model = await newestModelOf(session, name);
  if (model === undefined) return [];
  const documents = await features.read("cleaned_documents", { authorIds: [model.lineage.authorId] });
  const unseen = heldOutDocuments(documents, model.lineage.documents).heldOut.map(({ text }) => text);
  const twin = voices.continuations.filter(({ author, writer }) => author === name && writer === "adapter");
  return [
    { truth: name, texts: unseen },
    { truth: `${name}'s twin`, texts: twin.map(({ text }) => fromSentence(text)) },
  ];
}

/** A continuation from its first whole sentence: its beginning completes the author's own words. */
function fromSentence(text: string): string {
  const start = /[.!?][”"']?\s+(?=\S)/.exec(text);
  return start === null || start.index > text.length / 2 ? text : text.slice(start.index + start[0].length);
}

function matrixLines({ models, rows, gains }: Matrix, bold: (text: string) => string): string[] {
  const width = Math.max(...models.map((model) => model.length), 14);
  const heading = `${"bits per byte of text by".padEnd(28)}${models.map((model) => model.padStart(width + 2)).join("")}   style gain`;
  const lines = rows.map(({ author, cells }) => {
    const best = Math.min(...cells.map(({ mean }) => mean));
    const text = cells.map(({ mean }) => {
      const padded = mean.toFixed(3).padStart(width + 2);
      return mean === best ? bold(padded) : padded;
    });
    const gain = gains.find((each) => each.author === author)?.gain;
    const shown =
      gain === undefined ? "" : `   ${gain.mean.toFixed(3)} (${gain.low.toFixed(3)} to ${gain.high.toFixed(3)})`;
    return `${author.padEnd(28)}${text.join("")}${shown}`;
  });
  return [heading, ...lines];
}
