import { describe, expect, it } from "vitest";
import { createEventStream, type RunEvent } from "./events.ts";

const warning = (message: string | number): RunEvent => ({
  type: "run-warning",
  code: "test",
  message: String(message),
});

describe("a run's events", () => {
  it("come to every reader from the beginning, and end when the stream is closed", async () => {
    const stream = createEventStream();
    stream.push(warning(1));
    const early = Array.fromAsync(stream.events);
    await new Promise(setImmediate);
    stream.push(warning(2));
    stream.close();
    expect(await early).toEqual([warning(1), warning(2)]);
    expect(await Array.fromAsync(stream.events)).toEqual([warning(1), warning(2)]);
  });

  it("are bounded: a late reader misses the oldest and keeps the order", async () => {
    const stream = createEventStream();
    for (let i = 0; i < 25_000; i++) stream.push(warning(i));
    stream.close();
    const seen = (await Array.fromAsync(stream.events)).map((event) =>
      Number(event.type === "run-warning" && event.message),
    );
    expect([seen[0], seen.at(-1), seen.length]).toEqual([10_000, 24_999, 15_000]);
  });
});
