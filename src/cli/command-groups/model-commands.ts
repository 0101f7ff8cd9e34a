/** Commands about models: what the registry holds, and what is done with a version. */

import type { Command } from "commander";
import { type Bind, collect, example } from "./bind.ts";

const WHICH = "a name for its newest version, or name@version, name@stage, name@alias";

export function addModelCommands(program: Command, bind: Bind): void {
  const models = program
    .command("models")
    .summary("list, show, tag, promote, compare, export and delete model versions")
    .argument("[model]", WHICH)
    .addHelpText("after", example("trilith models twin-jane-doe@production"))
    .action(bind(async () => (await import("../commands/models.ts")).modelsCommand));
  models
    .command("list")
    .summary("list versions, newest first")
    .argument("[name]", "only versions of this name")
    .option("--tag <tag>", "only versions that have it: a word, a key, or key=value")
    .addHelpText("after", example("trilith models list twin-jane-doe"))
    .action(bind(async () => (await import("../commands/models.ts")).listModelsCommand));
  models
    .command("show")
    .summary("show one: what it is, what was measured, what happened to it")
    .argument("<model>", WHICH)
    .addHelpText("after", example("trilith models show twin-jane-doe@2"))
    .action(bind(async () => (await import("../commands/models.ts")).showModelCommand));
  models
    .command("card")
    .summary("print its card, Markdown")
    .argument("<model>", WHICH)
    .option("--hub", "with the metadata of the Hugging Face hub before it")
    .addHelpText("after", example("trilith models card twin-jane-doe > CARD.md"))
    .action(bind(async () => (await import("../commands/models.ts")).modelCardCommand));
  models
    .command("compare")
    .summary("two versions side by side: results, hyper-parameters, data, lineage")
    .argument("<first>", WHICH)
    .argument("<second>", "the same")
    .addHelpText("after", example("trilith models compare twin-jane-doe@production twin-jane-doe"))
    .action(bind(async () => (await import("../commands/models-compare.ts")).compareModelsCommand));
  models
    .command("export")
    .summary("write it for PEFT, transformers, llama.cpp or transformers.js")
    .argument("<model>", WHICH)
    .argument("<folder>", "is made; must not exist, or be empty")
    .option("--format <format>", "peft, safetensors, gguf or onnx", "peft")
    .option("--quantization <name>", "one that the format knows, for example q8_0 for gguf")
    .addHelpText("after", example("trilith models export twin-jane-doe ./jane --format gguf"))
    .action(bind(async () => (await import("../commands/models-export.ts")).exportModelCommand));
  addChangingCommands(models, bind);
}

/** Those that change what the registry says. */
function addChangingCommands(models: Command, bind: Bind): void {
  models
    .command("promote")
    .summary("give it a stage, when it passes the gates")
    .description("The version that held the stage is archived. A version whose documents were forgotten gets no stage.")
    .argument("<model>", WHICH)
    .option("--to <stage>", "staging or production", "production")
    .option("--gates <file>", "YAML with `gates` (default: promotion.yaml where there is one)")
    .option("--force", "also when gates fail; who and why is recorded")
    .option("--reason <words>", "why, with --force")
    .addHelpText("after", example("trilith models promote twin-jane-doe@3 --gates promotion.yaml"))
    .action(bind(async () => (await import("../commands/models-promote.ts")).promoteModelCommand));
  models
    .command("archive")
    .summary("take it out of use")
    .argument("<model>", WHICH)
    .addHelpText("after", example("trilith models archive twin-jane-doe@2"))
    .action(bind(async () => (await import("../commands/models-change.ts")).archiveModelCommand));
  models
    .command("alias")
    .summary("give it another name, taking that from the version that has it")
    .argument("<model>", WHICH)
    .argument("<alias>", "a letter, then letters, digits, - and _")
    .option("--remove", "take the alias away")
    .addHelpText("after", example("trilith models alias twin-jane-doe@2 champion"))
    .action(bind(async () => (await import("../commands/models-change.ts")).aliasModelCommand));
  models
    .command("tag")
    .summary("give it tags: words, or values by key; without any, print those that it has")
    .argument("<model>", WHICH)
    .argument("[tags...]", "word or key=value; takes the place of the tag of its key")
    .option("--remove <key>", "take the tag of the key away; can be repeated", collect)
    .addHelpText("after", example("trilith models tag twin-jane-doe@2 corpus=blog reviewed --remove draft"))
    .action(bind(async () => (await import("../commands/models-change.ts")).tagModelCommand));
  models
    .command("describe")
    .summary("say in a sentence what it is; its card begins with that")
    .argument("<model>", WHICH)
    .argument("<text>", 'Markdown; "" takes away what was said')
    .addHelpText("after", example('trilith models describe twin-jane-doe@2 "Her blog, without the code."'))
    .action(bind(async () => (await import("../commands/models-change.ts")).describeModelCommand));
  models
    .command("delete")
    .summary("take it out of the registry, unless it is in production")
    .argument("<model>", WHICH)
    .option("--yes", "without asking")
    .addHelpText("after", example("trilith models delete twin-jane-doe@1 --yes"))
    .action(bind(async () => (await import("../commands/models-change.ts")).deleteModelCommand));
}
