import { describe, expect, it } from "vitest";
import { createRandom } from "../core/random.ts";
import { sampleToken } from "./sampling.ts";

/** Probabilities .5, .3, .15, .05 at temperature 1. */
const logits = () => Float32Array.of(Math.log(0.3), Math.log(0.5), Math.log(0.05), Math.log(0.15));
const plain = { temperature: 1, topP: 1, repetitionPenalty: 1 };

/** How often each id is drawn, in 4,000 draws. */
function shares(options: typeof plain, recentIds: readonly number[] = []): number[] {
  const random = createRandom(11);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) {
    const id = sampleToken(logits(), options, { random, recentIds });
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts.map((count) => count / 4000);
}

describe("sampleToken", () => {
  it("takes the best token at temperature 0", () => {
    expect(sampleToken(logits(), { ...plain, temperature: 0 }, { random: createRandom(1), recentIds: [] })).toBe(1);
  });

  it("draws by probability", () => {
    const drawn = shares(plain);
    [0.3, 0.5, 0.05, 0.15].forEach((share, id) => {
      expect(Math.abs((drawn[id] ?? 0) - share)).toBeLessThan(0.03);
    });
  });

  it("draws from the nucleus only, in its own proportions", () => {
    const drawn = shares({ ...plain, topP: 0.8 });
    expect([drawn[2], drawn[3]]).toEqual([0, 0]);
    expect(Math.abs((drawn[1] ?? 0) - 0.625)).toBeLessThan(0.03);
  });

  it("keeps the best token however small the nucleus", () => {
    expect(shares({ ...plain, topP: 0 })).toEqual([0, 1, 0, 0]);
  });

  it("draws from the tokens that a full order of a large vocabulary gives", () => {
    const random = createRandom(5);
    for (const topP of [0, 0.3, 0.95, 1]) {
      const wide = Float32Array.from({ length: 5000 }, () => 2 * random.normal());
      const total = wide.reduce((sum, logit) => sum + Math.exp(logit), 0);
      const order = [...wide.keys()].sort((a, b) => (wide[b] ?? 0) - (wide[a] ?? 0));
      let mass = 0;
      const nucleus = order.filter((id, i) => {
        const inside = i === 0 || mass < topP * total;
        mass += Math.exp(wide[id] ?? 0);
        return inside;
      });
      const drawn = Array.from({ length: 300 }, () =>
        sampleToken(wide.slice(), { ...plain, topP }, { random, recentIds: [] }),
      );
      expect(drawn.filter((id) => !nucleus.includes(id))).toEqual([]);
      expect(new Set(drawn).size).toBeGreaterThan(topP === 0 ? 0 : Math.min(20, nucleus.length / 10));
    }
  });

  it("sharpens with lower temperature: at 0.5 probabilities are squared", () => {
    const drawn = shares({ ...plain, temperature: 0.5 });
    expect(Math.abs((drawn[1] ?? 0) - 0.25 / (0.25 + 0.09 + 0.0225 + 0.0025))).toBeLessThan(0.03);
  });

  it("makes recent tokens rarer: a negative logit is multiplied by the penalty", () => {
    const drawn = shares({ ...plain, repetitionPenalty: 2 }, [1, 1]);
    expect(Math.abs((drawn[1] ?? 0) - 0.25 / (0.25 + 0.5))).toBeLessThan(0.03);
  });
});
