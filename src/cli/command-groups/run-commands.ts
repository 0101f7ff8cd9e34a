/** Commands about runs: starting, queueing, going on with, answering and ending them. */

import type { Command } from "commander";
import { type Bind, collect, example } from "./bind.ts";

export function addRunCommands(program: Command, bind: Bind): void {
  program
    .command("run")
    .summary("run a pipeline")
    .description("Runs a pipeline of this project's pipelines/ folder, or of those that come with Trilith.")
    .argument("<pipeline>", "its name, for example digital_data_etl")
    .option("--config <file>", "a YAML run configuration")
    .option("--set <key=value>", "a parameter, or any key of the configuration by its path; can be repeated", collect)
    .option("--no-cache", "run every step again")
    .option("--dry-run", "check the pipeline, its imports and the configuration, and run nothing")
    .option("--detach", "queue it for a worker and return")
    .option("--queue <name>", "with --detach: whose workers take it", "default")
    .option("--tag <tag>", "a tag of the run; can be repeated", collect)
    .addHelpText("after", example("trilith run feature_engineering --set 'author_full_names=[Jane Doe]'"))
    .action(bind(async () => (await import("../commands/run.ts")).runCommand));
  program
    .command("runs")
    .summary("list runs, or show or delete one")
    .argument("[run]", "a run's id or the beginning of it")
    .option("--limit <count>", "how many to list", "20")
    .option("--pipeline <name>", "only runs of this pipeline")
    .option("--tag <tag>", "only runs with this tag")
    .option("--logs", "with what its steps logged")
    .option("--metrics", "with the series that its steps measured, such as losses")
    .option("--delete", "take the run out; its artifacts stay until they are pruned")
    .addHelpText("after", example("trilith runs --limit 5"))
    .action(bind(async () => (await import("../commands/runs.ts")).runsCommand));
  program
    .command("resume")
    .summary("go on with a run that was interrupted, failed or cancelled, or that waits")
    .argument("[run]", "its id or the beginning of it (default: the newest that was stopped)")
    .addHelpText("after", example("trilith resume training-20261124-0606"))
    .action(bind(async () => (await import("../commands/resume.ts")).resumeCommand));
  program
    .command("rerun")
    .summary("do a run again from one of its steps on, with the rest taken over")
    .argument("<run>", "its id or the beginning of it")
    .requiredOption("--from <step>", "the first step to compute anew")
    .addHelpText("after", example("trilith rerun training-20261124-0606 --from train"))
    .action(bind(async () => (await import("../commands/rerun.ts")).rerunCommand));
  program
    .command("cancel")
    .summary("end a run, wherever it is")
    .argument("<run>", "its id or the beginning of it")
    .addHelpText("after", example("trilith cancel training-20261124-0606"))
    .action(bind(async () => (await import("../commands/cancel.ts")).cancelCommand));
  program
    .command("explain")
    .summary("say why a step of a run ran or was cached")
    .argument("<run>", "its id, its name, or the beginning of its id")
    .argument("<step>", "a step's name, crawl_links_2 for one of its calls, or an invocation's id")
    .addHelpText("after", example("trilith explain training-20261124-0606 train"))
    .action(bind(async () => (await import("../commands/explain.ts")).explainCommand));
  addAnswerCommands(program, bind);
}

function addAnswerCommands(program: Command, bind: Bind): void {
  program
    .command("approve")
    .summary("answer the approval that a run waits for")
    .argument("<run>", "its id or the beginning of it")
    .option("--reject", "answer no")
    .option("--question <text>", "which one, where it waits for several")
    .addHelpText("after", example("trilith approve training-20261124-0606"))
    .action(bind(async () => (await import("../commands/answer-wait.ts")).approveCommand));
  program
    .command("send")
    .summary("send a run the event that it waits for")
    .argument("<run>", "its id or the beginning of it")
    .argument("<event>", "the event's name")
    .option("--value <json>", "what comes with it", "null")
    .addHelpText("after", example("trilith send training-20261124-0606 reviewed --value '{\"score\": 4}'"))
    .action(bind(async () => (await import("../commands/answer-wait.ts")).sendCommand));
  program
    .command("worker")
    .summary("run what is queued, until it is stopped")
    .option("--queues <names>", "whose runs it takes, with commas; with DBOS: whose steps (cpu, gpu)", "default")
    .option("--concurrency <count>", "how many runs at once; with DBOS: how many steps")
    .option("--once", "end when nothing is queued")
    .addHelpText("after", example("trilith worker --queues default,gpu"))
    .action(bind(async () => (await import("../commands/worker.ts")).workerCommand));
  program
    .command("step-process", { hidden: true })
    .action(bind(async () => (await import("../commands/step-process.ts")).stepProcessCommand));
}
