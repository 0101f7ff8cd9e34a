/** The page that goes with a model: whose voice it is, on which ground, from what, and how well it did. */

import type { LoraConfig } from "../contracts/models.ts";
import type { ModelLineage, Rights } from "../contracts/registry.ts";
import type { RunEnd } from "./training-run.ts";

/** What a model card states. */
export interface ModelCardInput {
  readonly name: string;
  readonly lineage: ModelLineage;
  readonly rights: Rights;
  readonly lora: LoraConfig | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly ended: RunEnd;
}

const GROUNDS: Record<Rights, string> = {
  own: "the author's own, trained by the author or for the author",
  permission: "used with the author's permission",
  "public-domain": "in the public domain",
};

/** The model card in Markdown. */
export function renderModelCard({ name, lineage, rights, lora, metrics: given, ended }: ModelCardInput): string {
  const bits = (nats: number): string => (nats / Math.LN2).toFixed(3);
  const metrics = (name: string): number => given[name] ?? Number.NaN;
  return [
    `# ${name}`,
    `A LoRA adapter that gives ${lineage.baseModel} the voice of ${lineage.authorFullName}. What it writes is not by that person, ` +
      "and whoever reads it must be told so. It has a voice; what it says is no claim.",
    "## Rights",
    `The writing is ${GROUNDS[rights]} (\`${rights}\`).`,
    "## Training",
    `${lora ? `Rank ${lora.r}, alpha ${lora.alpha}, on ${lora.targetModules.join(", ")}` : "Everything was trained"}: ${metrics("trainableParameters")} parameters. ` +
      `${metrics("steps")} steps over ${metrics("tokens")} tokens (${metrics("epochs").toFixed(2)} epochs) in ${metrics("seconds").toFixed(0)} seconds; ` +
      `${ENDS[ended]}. The parameters are those after step ${metrics("bestStep")}.`,
    `Loss on held-out documents, bits a token: ${bits(metrics("initialValidationLoss"))} before, ${bits(metrics("validationLoss"))} after. ` +
      "Any text of the same kind lowers it; whether the voice is this author's is what the evaluation says.",
    "## Lineage",
    [
      `- base: ${lineage.baseModel}, ${lineage.baseFingerprint}`,
      `- run: ${lineage.runId}`,
      `- dataset: ${lineage.datasetHash}`,
      `- documents (${lineage.documents.length}): ${lineage.documents.join(", ")}`,
    ].join("\n"),
  ].join("\n\n");
}

const ENDS: Record<RunEnd, string> = {
  completed: "the run was completed",
  "early-stop": "the run ended early, when the held-out loss no longer fell",
  "chosen-fell": "the run ended early, when chosen answers became less likely than they had been",
  time: "the run ended when its time was over",
};

/** A model's name from its author's: `Maxime Labonne` → `twin-maxime-labonne`. */
export function modelNameOf(authorFullName: string): string {
  const words = authorFullName.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return `twin-${words.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "")}`;
}
