/** `trilith start`: the main job, from documents to twins that answer, with a page that shows it as it happens. */

import type { CommandContext } from "../command-context.ts";
import { duration } from "../follow-run.ts";
import { openAnswers } from "../open-answers.ts";
import { openProject } from "../open-project.ts";
import { openServer } from "../open-server.ts";
import { parseCount } from "../option-values.ts";
import { runAnswerStage } from "../start/answer-stage.ts";
import { closingLines } from "../start/closing-lines.ts";
import { detectProviders } from "../start/detect-providers.ts";
import { runEvaluateStage } from "../start/evaluate-stage.ts";
import { runFeatureStage } from "../start/feature-stage.ts";
import { emptyReport, type StartReport } from "../start/report.ts";
import { renderReport } from "../start/report-html.ts";
import { type Session, saveReport } from "../start/session.ts";
import { chooseSubjects, questionFiles, type SubjectOptions } from "../start/subjects.ts";
import { runTrainStage } from "../start/train-stage.ts";
import { runVoiceStage } from "../start/voice-stage.ts";

interface StartOptions extends SubjectOptions {
  readonly port: string;
  readonly keep?: boolean;
}

/** What both voices continue, in training and at the end. */
const PROMPT = "The first thing to know about a search index is";

/** Runs the main job; on a terminal, or with `--keep`, the server stays up until Ctrl-C. */
export async function startCommand(context: CommandContext, options: StartOptions): Promise<void> {
  const { terminal, signal, env } = context;
  const port = parseCount("--port", options.port, { min: 0, max: 65_535 });
  const subjects = chooseSubjects(options);
  const workspace = await openProject(context);
  const startedAtMs = workspace.clock.now();
  const { base } = await workspace.open("languageModels");
  const report = emptyReport(new Date(startedAtMs).toISOString(), base, PROMPT);
  const session: Session = { workspace, terminal, subjects, signal, report, counts: { ran: 0, cached: 0 } };
  const seconds = (): number => Math.round((workspace.clock.now() - startedAtMs) / 1000);
  const page = async (): Promise<string> =>
    renderReport({ ...report, seconds: report.running ? seconds() : report.seconds });
  const server = await openServer(workspace, { host: "127.0.0.1", port, apiKey: undefined, report: page });
  try {
    terminal.note(`${terminal.color.bold("Trilith")}  ${server.url}  ${terminal.color.dim("the report, as it grows")}`);
    await noteProviders(session, env);
    await runFeatureStage(session);
    await runTrainStage(session);
    await runEvaluateStage(session);
    await runVoiceStage(session);
    await runAnswerStage(session, (await openAnswers(workspace)).answer, questionFiles());
    Object.assign(report, {
      running: false,
      stage: "done",
      seconds: seconds(),
      next: nextCommands(server.url, report),
    });
    const file = saveReport(session);
    for (const line of closingLines(report, terminal.color)) terminal.print(line);
    const { ran, cached } = session.counts;
    terminal.note(
      `\n${duration(workspace.clock.now() - startedAtMs)}: ${ran} steps ran, ${cached} came from the cache. Report: ${file}`,
    );
    terminal.printJson(report);
    if (options.keep === true || (process.stdout.isTTY === true && !terminal.json)) await stayUp(session, server.url);
  } finally {
    await server.close();
    await workspace.close();
  }
}

async function noteProviders({ terminal }: Session, env: CommandContext["env"]): Promise<void> {
  for (const { name, use } of await detectProviders({ env })) {
    terminal.note(
      `${terminal.color.cyan("found")} ${name}; nothing is asked of it. For generated answers: ${use} npm run trilith -- ask "…"`,
    );
  }
}

async function stayUp({ terminal, signal }: Session, url: string): Promise<void> {
  terminal.note(`The server stays up at ${url} until Ctrl-C.`);
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** Three commands that work as they are printed: their questions are ones that were just answered. */
function nextCommands(url: string, { questions }: StartReport): StartReport["next"] {
  const answered = questions.filter(({ question, outcome }) => outcome === "hit" && !/['"\\$`]/.test(question));
  const [ask, post] = [answered.at(-1), answered.at(1) ?? answered.at(0)].map(
    (each) => each?.question ?? "What is a chunk?",
  );
  const body = `{"model":"twin","messages":[{"role":"user","content":"${post}"}]}`;
  return [
    { command: `npm run trilith -- ask "${ask}"`, purpose: "an answer from what was written, quoted and cited" },
    {
      command: `curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`,
      purpose: "the same over HTTP, as OpenAI's clients ask (while the server is up: npm run trilith -- serve)",
    },
    {
      command: 'npm start -- --author "Jane Doe" --rights own --links ./my-notes',
      purpose: "your own writing, against the sample authors",
    },
  ];
}
