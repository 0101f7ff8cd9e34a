/** Commands about schedules. */

import type { Command } from "commander";
import { type Bind, collect, example } from "./bind.ts";

const load = () => import("../commands/schedule.ts");

export function addScheduleCommands(program: Command, bind: Bind): void {
  const schedule = program
    .command("schedule")
    .summary("what runs when: deploy, list, pause, backfill")
    .addHelpText("after", example("trilith schedule deploy digital_data_etl --config configs/nightly.yaml"));
  schedule
    .command("list", { isDefault: true })
    .summary("every schedule with its next time")
    .addHelpText("after", example("trilith schedule list"))
    .action(bind(async () => (await load()).listSchedulesCommand));
  schedule
    .command("show <name>")
    .summary("one schedule and its next five times")
    .addHelpText("after", example("trilith schedule show nightly"))
    .action(bind(async () => (await load()).showScheduleCommand));
  schedule
    .command("deploy <pipeline>")
    .summary("deploy the schedule of a run configuration, in place of the one of its name")
    .requiredOption("--config <file>", "a YAML run configuration with a schedule: key")
    .option("--set <key=value>", "as for run; can be repeated", collect)
    .option("--queue <name>", "whose workers take its runs", "default")
    .addHelpText("after", example("trilith schedule deploy digital_data_etl --config configs/nightly.yaml"))
    .action(bind(async () => (await load()).deployScheduleCommand));
  schedule
    .command("pause <name>")
    .summary("let it fire no more; what passes is not made up for, unless its catch-up is all")
    .addHelpText("after", example("trilith schedule pause nightly"))
    .action(bind(async () => (await load()).pauseScheduleCommand(true)));
  schedule
    .command("resume <name>")
    .summary("let it fire again")
    .addHelpText("after", example("trilith schedule resume nightly"))
    .action(bind(async () => (await load()).pauseScheduleCommand(false)));
  schedule
    .command("delete <name>")
    .summary("take it out; its runs stay")
    .addHelpText("after", example("trilith schedule delete nightly"))
    .action(bind(async () => (await load()).deleteScheduleCommand));
  schedule
    .command("trigger <name>")
    .summary("queue one run of it now")
    .addHelpText("after", example("trilith schedule trigger nightly"))
    .action(bind(async () => (await load()).triggerScheduleCommand));
  schedule
    .command("backfill <name>")
    .summary("queue every time of a range that has no run yet")
    .requiredOption("--from <time>", "ISO 8601; without an offset in the schedule's time zone")
    .requiredOption("--to <time>", "ISO 8601")
    .option("--limit <count>", "at most so many", "1000")
    .option("--dry-run", "only list them")
    .addHelpText("after", example("trilith schedule backfill nightly --from 2026-11-01 --to 2026-11-08 --dry-run"))
    .action(bind(async () => (await load()).backfillScheduleCommand));
}
