import { describe, expect, it } from "vitest";
import { createTraces } from "./traces.ts";

const TEXT = 'One host took most of the night, it said: "don’t\nhurry" and slept.';
const bytes = (text: string): Uint8Array => Buffer.from(text);

function tracesOf(text: string, names: readonly string[] = [], ids: readonly string[] = []) {
  const traces = createTraces(ids);
  traces.add({ text, names });
  return traces;
}

describe("traces of a text", () => {
  it("are found as they are, in JSON, in another case and with other marks between the words", () => {
    const traces = tracesOf(TEXT);
    for (const found of [TEXT, JSON.stringify({ text: TEXT }), TEXT.toUpperCase(), TEXT.replaceAll(" ", "\n> ")]) {
      expect(traces.isIn(bytes(`before ${found} after`))).toBe(true);
    }
    expect(traces.isIn(bytes("it said: don’t hurry, and one host slept most of the night"))).toBe(false);
  });

  it("are found between other bytes, and in a view on a larger buffer", () => {
    const whole = Buffer.concat([Buffer.from([0, 1, 2, 255]), bytes(`\0${TEXT}\0`), Buffer.alloc(8)]);
    expect(tracesOf(TEXT).isIn(whole)).toBe(true);
    expect(tracesOf(TEXT).isIn(whole.subarray(0, 30))).toBe(false);
  });

  it("leave out what a text that stays has too", () => {
    const traces = tracesOf(`${TEXT} Subscribe to get the next one of my letters by mail.`);
    traces.keep({ text: "Subscribe to get the next one of my letters by mail.", names: [] });
    expect(traces.isIn(bytes("Subscribe to get the next one of my letters by mail."))).toBe(false);
    expect(traces.isIn(bytes(TEXT))).toBe(true);
  });

  it("are a title of three words, a source and an id, whole", () => {
    const id = "document-0123456789ab";
    const traces = tracesOf("", ["Robots and traps", "Weeding", "/home/ada/notes/02-robots.md"], [id, "ada"]);
    expect(traces.isIn(bytes("| held out | robots and traps |"))).toBe(true);
    expect(traces.isIn(bytes('{"source":"/home/ada/notes/02-robots.md"}'))).toBe(true);
    expect(traces.isIn(bytes(`["${id}@1"]`))).toBe(true);
    expect(traces.isIn(bytes("Weeding, robots, ada"))).toBe(false);
  });
});
