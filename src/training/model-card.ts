/**
 * The page that goes with a model, rendered from what the registry knows of it: whose voice it is, on which ground,
 * from what, how, and how well it did. What is not known is said as not known.
 */

import type { ModelKind, ModelVersion, Rights } from "../contracts/registry.ts";
import type { JsonValue } from "../core/json.ts";

const NOT_KNOWN = "not known";

const GROUNDS: Record<Rights, string> = {
  own: "the author's own, trained by the author or for the author",
  permission: "used with the author's permission",
  "public-domain": "in the public domain",
};

const WHAT: Record<ModelKind, string> = {
  lora: "A LoRA adapter that gives",
  full: "A checkpoint, all of whose parameters were trained, that gives",
  remote: "A model that a service keeps, which gives",
};

/** Bases below it continue text and follow no instruction. */
const SMALL_BASE = 100e6;
/** Fewer documents are soon learned by heart. */
const FEW_DOCUMENTS = 30;

/** The model card in Markdown. */
export function renderModelCard(model: ModelVersion): string {
  const { name, version, kind, lineage, rights, description, forgotten } = model;
  const voice = `${WHAT[kind]} ${lineage.baseModel} the voice of ${lineage.authorFullName}.`;
  return [
    `# ${name}@${version}`,
    ...(description === "" ? [] : [description]),
    `${voice} What it writes is not by that person, and whoever reads it must be told so. It has a voice; what it says is no claim.`,
    ...(forgotten.length === 0
      ? []
      : [
          `**Not to be used any more:** ${forgotten.length} of the documents that it was trained on were forgotten since. ` +
            "What it learned of them is still in its weights.",
        ]),
    "## Rights",
    `The writing is ${GROUNDS[rights]} (\`${rights}\`).`,
    "## Data",
    ...renderData(model),
    "## Base",
    ...renderBase(model),
    "## Training",
    ...renderTraining(model),
    "## Results",
    ...renderResults(model.metrics),
    "## Limits",
    bullets(limitsOf(model)),
    "## Lineage",
    bullets(lineageOf(model)),
  ].join("\n\n");
}

function renderData({ facts: { data }, lineage }: ModelVersion): string[] {
  if (data === undefined)
    return [`${lineage.documents.length} documents. Their sources and licences are ${NOT_KNOWN}.`];
  const { sources, rows, wordCount, publishedFrom, publishedTo } = data;
  const dated =
    publishedFrom === null || publishedTo === null
      ? "when they were written is not known"
      : `dated ${publishedFrom.slice(0, 10)} to ${publishedTo.slice(0, 10)}`;
  const forms = Object.entries(rows).map(([form, count]) => `${count} ${form.replaceAll("_", " ")}`);
  return [
    `${lineage.documents.length} documents, ${dated}; ${wordCount.toLocaleString("en")} words in ${forms.join(", ") || "no"} rows.`,
    table(
      ["Source", "Documents", "Licence as stated"],
      sources.map(({ name, documentCount, licence }) => [name, String(documentCount), licence ?? "none stated"]),
    ),
  ];
}

function renderBase({ lineage, facts: { base } }: ModelVersion): string[] {
  const { licence, parameterCount } = base ?? {};
  return [
    bullets([
      `model: ${lineage.baseModel}, ${lineage.baseFingerprint}`,
      `parameters: ${parameterCount?.toLocaleString("en") ?? NOT_KNOWN}`,
      `licence: ${licence ?? `${NOT_KNOWN}; what is made of a base is bound by the base's licence, so look it up before you pass this on`}`,
    ]),
  ];
}

const ENDS: Readonly<Record<string, string>> = {
  completed: "the run was completed",
  "early-stop": "the run ended early, when the held-out loss no longer fell",
  "chosen-fell": "the run ended early, when chosen answers became less likely than they had been",
  time: "the run ended when its time was over",
};

function renderTraining({ facts }: ModelVersion): string[] {
  const { method, trainer, ended, hyperparameters } = facts;
  return [
    bullets([
      `method: ${method ?? NOT_KNOWN}`,
      `trainer: ${trainer ?? NOT_KNOWN}`,
      `end: ${ended === undefined ? NOT_KNOWN : (ENDS[ended] ?? ended)}`,
    ]),
    hyperparameters === undefined
      ? `The hyper-parameters are ${NOT_KNOWN}.`
      : table(
          ["Hyper-parameter", "Value"],
          Object.entries(hyperparameters).map(([key, value]) => [key, textOf(value)]),
        ),
  ];
}

/** What values are, where their names do not say it. */
const UNITS: Readonly<Record<string, string>> = {
  validation_loss: "nats a token, on held-out documents that chose the parameters",
  initial_validation_loss: "the same, of the base",
  final_train_loss: "nats a token",
  filled_fraction: "share of the batches' tokens that are not padding",
  rows_cut: "rows longer than max_seq_length, trained on without their ends",
  rows_too_long: "rows left out: max_seq_length had no place for their answers",
  rows_empty: "rows left out: they have no answer",
  bits_per_byte: "on the author's held-out documents",
  base_bits_per_byte: "of the base, on the same",
  style_gain: "bits a byte that the other authors' adapters need more",
  longest_copied_words: "words in a row that stand in training text, of its continuations",
  author_longest_copied_words: "the same of the author's own held-out texts: the natural rate",
  eight_gram_overlap: "share of word 8-grams that stand in training text",
  author_eight_gram_overlap: "the same of the author's own held-out texts",
};

function renderResults(metrics: ModelVersion["metrics"]): string[] {
  const names = Object.keys(metrics).filter((name) => !/\.(low|high)$/.test(name));
  if (names.length === 0) return ["Nothing was measured."];
  const rows = names.map((name) => {
    const [low, high] = [metrics[`${name}.low`], metrics[`${name}.high`]];
    const interval = low === undefined || high === undefined ? NOT_KNOWN : `${numberText(low)} to ${numberText(high)}`;
    return [name, numberText(metrics[name] ?? Number.NaN), interval, UNITS[name] ?? ""];
  });
  return [
    table(["Measured", "Value", "95 % interval", ""], rows),
    ...(metrics["style_gain"] === undefined
      ? [
          "It was not evaluated against other authors' adapters: any text of the same kind lowers the loss, so whether the " +
            "voice is this author's is not known.",
        ]
      : []),
  ];
}

function limitsOf({ lineage, facts, metrics, kind }: ModelVersion): string[] {
  const { parameterCount } = facts.base ?? {};
  const documentCount = lineage.documents.length;
  return [
    parameterCount === undefined
      ? "What a base of this kind can do is not known here: its size is not."
      : parameterCount < SMALL_BASE
        ? "The base is small: it continues text, follows no instructions and knows no facts."
        : "It can state falsehoods fluently. It was not tested on facts.",
    ...(documentCount < FEW_DOCUMENTS
      ? [`${documentCount} documents are little: expect it to repeat them, and to be narrow.`]
      : []),
    metrics["longest_copied_words"] === undefined
      ? "How much of the training text it repeats word for word was not measured."
      : `The longest passage of training text in its continuations has ${metrics["longest_copied_words"]} words.`,
    "It is of one run with one seed: how far the results vary from run to run is not known.",
    "Bias, safety, and languages and subjects other than those of the documents were not tested.",
    ...(kind === "remote" ? ["Its weights are with the service: nothing here proves that they stay as they are."] : []),
  ];
}

function lineageOf({ lineage, createdAt, remote, kind, files }: ModelVersion): string[] {
  const { runId, code, datasetHash, documents } = lineage;
  const commit = code === null ? NOT_KNOWN : `${code.commit}${code.dirty ? ", with changes that are not in it" : ""}`;
  return [
    `registered: ${createdAt}`,
    `run: ${runId}`,
    `code: ${commit}`,
    `dataset: ${datasetHash}`,
    `documents (${documents.length}): ${documents.join(", ")}`,
    kind === "remote"
      ? `model of the service: ${remote?.id} at ${remote?.baseUrl}`
      : `files: ${Object.keys(files).join(", ")}`,
  ];
}

/**
 * The card as a `README.md` of the Hugging Face hub: the same text behind the metadata that the hub reads.
 *
 * @source https://huggingface.co/docs/hub/model-cards
 */
export function renderHubCard(model: ModelVersion): string {
  const { lineage, kind, facts, tags } = model;
  const metadata = [
    `base_model: ${JSON.stringify(lineage.baseModel)}`,
    `library_name: ${kind === "lora" ? "peft" : "transformers"}`,
    "pipeline_tag: text-generation",
    ...(facts.base?.licence === undefined ? [] : [`license: ${JSON.stringify(facts.base.licence)}`]),
    `tags: ${JSON.stringify(["trilith", ...tags])}`,
  ];
  return `---\n${metadata.join("\n")}\n---\n\n${renderModelCard(model)}\n`;
}

function textOf(value: JsonValue): string {
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

/** At most five digits, and whole numbers whole. */
function numberText(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(5)));
}

const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join("\n");

/** Cells come from documents and configurations: what would break the table is taken out of them. */
function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replace(/\s+/g, " ").replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A model's name from its author's: `Maxime Labonne` → `twin-maxime-labonne`. */
export function modelNameOf(authorFullName: string): string {
  const words = authorFullName.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return `twin-${words.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "")}`;
}
