/**
 * Whether a model may be promoted: rules over its measured values, absolute or against a version that holds a stage.
 * A gate passes only on what was measured; what is not there is a reason to say no.
 */

import { z } from "zod";
import type { ModelVersion } from "../contracts/registry.ts";

/** A number, or the name of another value of the same version. */
const Limit = z.union([z.number(), z.string().min(1)]);

/** One rule over one value. `x.low` and `x.high` are the 95 % limits of `x`. */
export const PromotionGate = z
  .strictObject({
    metric: z.string().min(1),
    at_least: Limit.optional(),
    at_most: Limit.optional(),
    /** A stage, an alias or a version of the same name. Where nobody has it, there is nothing to be better than. */
    better_than: z.union([z.string().min(1), z.int().positive()]).optional(),
    /** By how much. */
    margin: z.number().nonnegative().default(0),
    /** What is better; for losses, bits, errors, copying and times it is lower unless this says otherwise. */
    prefer: z.enum(["lower", "higher"]).optional(),
  })
  .refine((gate) => [gate.at_least, gate.at_most, gate.better_than].some((each) => each !== undefined), {
    message: "asks for nothing: give at_least, at_most or better_than",
  });
/** One rule. */
export type PromotionGate = z.infer<typeof PromotionGate>;

/** What a file of gates holds. */
export const PromotionGates = z.strictObject({ gates: z.array(PromotionGate).min(1) });
/** What a file of gates holds. */
export type PromotionGates = z.infer<typeof PromotionGates>;

/** What became of one gate. */
export interface GateOutcome {
  readonly gate: PromotionGate;
  readonly passed: boolean;
  /** Of the candidate; `null` where it was not measured. */
  readonly value: number | null;
  /** One sentence. */
  readonly reason: string;
}

type Candidate = Pick<ModelVersion, "name" | "version" | "metrics" | "lineage">;

/**
 * The outcome of each gate, in order.
 *
 * @param findOther  the version that has a stage, alias or number; `undefined` where none has it
 */
export function checkGates(
  gates: readonly PromotionGate[],
  candidate: Candidate,
  findOther: (which: string | number) => Candidate | undefined,
): GateOutcome[] {
  return gates.map((gate) => {
    const value = valueOf(candidate, gate.metric);
    const reasons =
      value === undefined ? [unmeasured(candidate, gate.metric)] : check(gate, { candidate, value, findOther });
    const failed = reasons.filter(({ passed }) => !passed);
    const told = failed.length > 0 ? failed : reasons;
    return {
      gate,
      passed: failed.length === 0,
      value: value ?? null,
      reason: told.map(({ reason }) => reason).join("; "),
    };
  });
}

interface Reason {
  readonly passed: boolean;
  readonly reason: string;
}

function check(
  gate: PromotionGate,
  { candidate, value, findOther }: { candidate: Candidate; value: number; findOther: Parameters<typeof checkGates>[2] },
): Reason[] {
  const { at_least, at_most, better_than } = gate;
  const reasons: Reason[] = [];
  if (at_least !== undefined) reasons.push(limit(candidate, { value, words: "at least", bound: at_least }));
  if (at_most !== undefined) reasons.push(limit(candidate, { value, words: "at most", bound: at_most }));
  if (better_than !== undefined)
    reasons.push(compare(gate, { candidate, value, which: better_than, other: findOther(better_than) }));
  return reasons;
}

function limit(
  candidate: Candidate,
  { value, words, bound }: { value: number; words: "at least" | "at most"; bound: number | string },
): Reason {
  const most = typeof bound === "number" ? bound : valueOf(candidate, bound);
  if (most === undefined) return unmeasured(candidate, String(bound));
  const passed = words === "at least" ? value >= most : value <= most;
  const name = typeof bound === "number" ? "" : ` (${bound})`;
  return { passed, reason: `${say(value)} is ${passed ? "" : "not "}${words} ${say(most)}${name}` };
}

function compare(
  { metric, margin, prefer = directionOf(metric) }: PromotionGate,
  {
    candidate,
    value,
    which,
    other,
  }: { candidate: Candidate; value: number; which: string | number; other: Candidate | undefined },
): Reason {
  if (other === undefined)
    return { passed: true, reason: `nothing is ${which}, so there is nothing to be better than` };
  if (other.version === candidate.version) return { passed: true, reason: `it is ${which} itself` };
  const theirs = valueOf(other, metric);
  const name = `${other.name}@${other.version} (${which})`;
  if (theirs === undefined) return { passed: false, reason: `${name} has no ${metric}, so they cannot be compared` };
  if (prefer === undefined)
    return {
      passed: false,
      reason: `whether more or less of ${metric} is better is not known: say prefer: lower or higher`,
    };
  if (isPerToken(metric) && other.lineage.baseFingerprint !== candidate.lineage.baseFingerprint)
    return {
      passed: false,
      reason: `${name} has another base, and losses a token of two bases cannot be compared; use bits_per_byte`,
    };
  const gain = prefer === "lower" ? theirs - value : value - theirs;
  const passed = margin > 0 ? gain >= margin : gain > 0;
  const than = `${say(value)} against ${say(theirs)} of ${name}`;
  const data = other.lineage.datasetHash === candidate.lineage.datasetHash ? "" : ", on other data";
  return {
    passed,
    reason: `${than}${data}: better by ${say(gain)}, asked for ${margin > 0 ? `at least ${say(margin)}` : "more than 0"}`,
  };
}

function unmeasured({ metrics }: Candidate, metric: string): Reason {
  const known = Object.keys(metrics);
  const rest = known.length === 0 ? "nothing was" : `measured are ${known.join(", ")}`;
  return { passed: false, reason: `${metric} was not measured; ${rest}` };
}

/** Also by the name that a run's report gives the value: `validationLoss`. */
function valueOf({ metrics }: Candidate, metric: string): number | undefined {
  const value = metrics[metric] ?? metrics[metric.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** Whether less of it is better, where its name says so. */
function directionOf(metric: string): "lower" | "higher" | undefined {
  if (/loss|perplexity|bits_per|error|copied|overlap|seconds|dropped/.test(metric)) return "lower";
  return /gain|margin|accuracy|score|reward|recall|ndcg|per_second/.test(metric) ? "higher" : undefined;
}

/** Losses and perplexities are of tokens, which differ from base to base. */
const isPerToken = (metric: string): boolean => /loss|perplexity/.test(metric);

const say = (value: number): string => String(Number(value.toPrecision(5)));
