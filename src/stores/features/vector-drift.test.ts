import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/random.ts";
import { measureVectorDrift } from "./vector-drift.ts";

const random = createRandom(3);

/** Unit vectors around an angle in the plane. */
const around = (angle: number, count: number): Float32Array[] =>
  Array.from({ length: count }, () => {
    const at = angle + (random.integer(1_000) - 500) / 2_000;
    return Float32Array.of(Math.cos(at), Math.sin(at));
  });

describe("drift of vectors", () => {
  it("is none between draws of one distribution", () => {
    const drift = measureVectorDrift(around(0, 400), around(0, 400));
    expect(drift.centroidDistance).toBeLessThan(0.001);
    expect(drift.level).toBe("none");
  });

  it("is the cosine distance of the centroids, and large where most are about something else", () => {
    const drift = measureVectorDrift(around(0, 400), around(Math.PI / 3, 400));
    expect(drift.centroidDistance).toBeCloseTo(0.5, 1);
    expect(drift.level).toBe("large");
  });

  it("sees a part that is about something else, though the centroids are near", () => {
    const drift = measureVectorDrift(around(0, 400), [...around(0, 300), ...around(1.2, 50), ...around(-1.2, 50)]);
    expect(drift.centroidDistance).toBeLessThan(0.01);
    expect(drift.level).toBe("large");
  });

  it("takes zeros, as of a text of which the embedder knows no word", () => {
    expect(measureVectorDrift([new Float32Array(2)], [new Float32Array(2)])).toMatchObject({
      centroidDistance: 1,
      level: "none",
    });
  });
});
