import { describe, expect, it } from "vitest";
import type { ModelVersion } from "../contracts/registry.ts";
import { checkGates, PromotionGates } from "./promotion-gates.ts";

const version = (number: number, metrics: Record<string, number>, lineage: Partial<ModelVersion["lineage"]> = {}) => ({
  name: "twin-ada",
  version: number,
  metrics,
  lineage: { ...LINEAGE, ...lineage },
});
const LINEAGE: ModelVersion["lineage"] = {
  runId: "r",
  authorId: "a",
  authorFullName: "Ada",
  datasetHash: "d",
  documents: [],
  baseModel: "b",
  baseFingerprint: "f",
  code: null,
};
const gatesOf = (...gates: object[]) => PromotionGates.parse({ gates }).gates;
const better = gatesOf({ metric: "validation_loss", better_than: "production", margin: 0.01 });

describe("promotion gates", () => {
  it("hold a value against limits, the limits included", () => {
    const gates = gatesOf(
      { metric: "style_gain.low", at_least: 0 },
      { metric: "copied", at_most: 7 },
      { metric: "copied", at_least: 1, at_most: 6 },
    );
    const outcomes = checkGates(gates, version(2, { "style_gain.low": 0, copied: 7 }), () => undefined);
    expect(outcomes.map(({ passed }) => passed)).toEqual([true, true, false]);
    expect(outcomes[2]?.reason).toBe("7 is not at most 6");
  });

  it("hold a value against another of the same version, which must have been measured", () => {
    const gates = gatesOf({ metric: "bits.high", at_most: "base_bits" }, { metric: "copied", at_most: "natural" });
    const outcomes = checkGates(gates, version(2, { "bits.high": 2.1, base_bits: 2.2, copied: 3 }), () => undefined);
    expect(outcomes.map(({ passed, reason }) => [passed, reason])).toEqual([
      [true, "2.1 is at most 2.2 (base_bits)"],
      [false, "natural was not measured; measured are bits.high, base_bits, copied"],
    ]);
  });

  it("ask to be better than another version by the margin, lower being better for a loss", () => {
    const production = version(1, { validation_loss: 2 });
    const passed = (loss: number): boolean | undefined =>
      checkGates(better, version(2, { validation_loss: loss }), () => production)[0]?.passed;
    expect([1.98, 1.995, 2.1].map(passed)).toEqual([true, false, false]);
    const gains = gatesOf({ metric: "style_gain", better_than: 1 });
    const gain = (value: number) =>
      checkGates(gains, version(2, { style_gain: value }), () => version(1, { style_gain: 0.2 }));
    expect([0.3, 0.2, 0.1].map((value) => gain(value)[0]?.passed)).toEqual([true, false, false]);
  });

  it("pass where there is nobody to be better than", () => {
    const [outcome] = checkGates(better, version(1, { validation_loss: 9 }), () => undefined);
    expect(outcome).toMatchObject({ passed: true, reason: expect.stringContaining("nothing is production") });
  });

  it("do not pass on what was not measured, here or there", () => {
    const [here] = checkGates(better, version(2, { style_gain: 1 }), () => version(1, { validation_loss: 2 }));
    expect(here).toMatchObject({
      passed: false,
      value: null,
      reason: "validation_loss was not measured; measured are style_gain",
    });
    const [there] = checkGates(better, version(2, { validation_loss: 1 }), () => version(1, {}));
    expect(there).toMatchObject({ passed: false, reason: expect.stringContaining("has no validation_loss") });
  });

  it("do not compare losses a token of two bases, but bits a byte", () => {
    const [one, two] = [{ baseFingerprint: "one" }, { baseFingerprint: "two" }];
    const [loss] = checkGates(better, version(2, { validation_loss: 1 }, two), () =>
      version(1, { validation_loss: 2 }, one),
    );
    expect(loss).toMatchObject({ passed: false, reason: expect.stringContaining("another base") });
    const bits = gatesOf({ metric: "bits_per_byte", better_than: "production" });
    const outcomes = checkGates(bits, version(2, { bits_per_byte: 1 }, two), () =>
      version(1, { bits_per_byte: 2 }, one),
    );
    expect(outcomes[0]?.passed).toBe(true);
  });

  it("ask which way is better where a name does not say it", () => {
    const other = version(1, { depth: 1 });
    const [unknown] = checkGates(gatesOf({ metric: "depth", better_than: 1 }), version(2, { depth: 2 }), () => other);
    expect(unknown).toMatchObject({ passed: false, reason: expect.stringContaining("prefer") });
    const told = gatesOf({ metric: "depth", better_than: 1, prefer: "higher" });
    expect(checkGates(told, version(2, { depth: 2 }), () => other)[0]?.passed).toBe(true);
  });

  it("are refused when they ask for nothing or for what is not known", () => {
    expect(PromotionGates.safeParse({ gates: [{ metric: "a" }] }).success).toBe(false);
    expect(PromotionGates.safeParse({ gates: [{ metric: "a", atleast: 0 }] }).success).toBe(false);
    expect(PromotionGates.safeParse({ gates: [] }).success).toBe(false);
  });
});
