/** Asks the question set, keeps one answer and one refusal to show, and walks the answer back to its source. */

import { readFileSync } from "node:fs";
import { z } from "zod";
import { shortHash } from "../../core/hash.ts";
import { Question, type QuestionOutcome, scoreQuestion } from "../../evaluation/index.ts";
import type { Answer, AnswerQuestion } from "../../inference/index.ts";
import { type CitedAnswer, countQuestions, type StartReport } from "./report.ts";
import { beginStage, type Session } from "./session.ts";

/** Answers the questions of the files and fills in results, answer, refusal and lineage. */
export async function runAnswerStage(
  session: Session,
  ask: AnswerQuestion,
  questionFiles: readonly string[],
): Promise<void> {
  const { report, terminal } = session;
  beginStage(session, "Inference: retrieve, quote, cite, or refuse");
  const questions = questionFiles.flatMap((file) => z.array(Question).parse(JSON.parse(readFileSync(file, "utf8"))));
  for (const question of questions) {
    const answer = await ask(question.question);
    const outcome = scoreQuestion(
      { refused: answer.refused, citations: answer.citations.map(({ quote }) => quote) },
      question,
    );
    const where = answer.citations[0] === undefined ? null : whereOf(answer.citations[0]);
    report.questions.push({ ...question, outcome: SHOWN[outcome], text: answer.text, where });
    if (outcome === "hit" && report.answer === null) {
      report.answer = toCited(answer);
      report.lineage = await lineageOf(session, answer);
    }
    if (outcome === "correct-refusal" && report.refusal === null) report.refusal = toCited(answer);
    terminal.status(`${report.questions.length} of ${questions.length} questions`);
  }
  terminal.status("");
  const { hits, answerable, refused, unanswerable } = countQuestions(report.questions);
  terminal.note(
    `  ${hits} of ${answerable} answered with the right citation, ${refused} of ${unanswerable} unanswerable ones refused`,
  );
}

const SHOWN: Record<QuestionOutcome, StartReport["questions"][number]["outcome"]> = {
  hit: "hit",
  miss: "miss",
  "wrong-refusal": "refused",
  "correct-refusal": "refused",
  "wrong-answer": "answered",
};

type Citation = Answer["citations"][number];

/** `path:line`, or the URL alone. */
export function whereOf({ source, line }: Citation): string {
  return line === null ? source : `${source}:${line}`;
}

/** An answer as the report shows it. */
export function toCited({ question, text, refused, citations }: Answer): CitedAnswer {
  return {
    question,
    text,
    refused,
    citations: citations.map((citation) => ({ ...citation, where: whereOf(citation) })),
  };
}

/** From the answer's first citation back to the bytes that were collected, and on to the models made of them. */
async function lineageOf({ workspace }: Session, answer: Answer): Promise<string[]> {
  const [citation] = answer.citations;
  if (citation === undefined) return [];
  const [warehouse, registry] = await Promise.all([workspace.open("warehouse"), workspace.open("registry")]);
  const raw = await warehouse.findDocument(citation.documentId, citation.documentVersion);
  const version = `${citation.documentId}@${citation.documentVersion}`;
  const models = (await registry.list()).filter(({ lineage }) => lineage.documents.includes(version));
  return [
    `answer [${citation.number}] “${citation.quote.slice(0, 80)}${citation.quote.length > 80 ? "…" : ""}”`,
    `${citation.chunkId}, characters ${citation.start}–${citation.end} of the cleaned text`,
    `document ${version} “${citation.title}” by ${citation.author}`,
    `collected ${raw?.collectedAt ?? "?"}, content ${shortHash(raw?.contentHash ?? "")}`,
    `source ${whereOf(citation)}`,
    models.length === 0
      ? "held out: no adapter was trained on it"
      : `trained into ${models.map((model) => `${model.name}@${model.version}`).join(", ")}`,
  ];
}
