import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type HostileInput, hostileInput, hugeInputs } from "./hostile-inputs.ts";
import { type Probed, probeInput } from "./probe-input.ts";

/** What broke, named by the number that makes the input again. */
async function brokenOf(
  inputs: Iterable<HostileInput>,
): Promise<{ broken: string[]; outcomes: Set<Probed["outcome"]> }> {
  const folder = mkdtempSync(join(tmpdir(), "trilith-hostile-"));
  const broken: string[] = [];
  const outcomes = new Set<Probed["outcome"]>();
  let number = 0;
  for (const input of inputs) {
    const { outcome, problem, cpuMs } = await probeInput(input, folder);
    outcomes.add(outcome);
    if (outcome === "broken") broken.push(`${number} (${input.family}, ${input.name}): ${problem}`);
    if (cpuMs > 10_000) broken.push(`${number} (${input.family}, ${input.name}): ${Math.round(cpuMs)} ms`);
    number++;
  }
  return { broken, outcomes };
}

it("takes three hundred hostile inputs without a crash, a hang or a letter lost", async () => {
  const { broken, outcomes } = await brokenOf(Array.from({ length: 300 }, (_, number) => hostileInput(number)));
  expect(broken).toEqual([]);
  expect([...outcomes].sort()).toEqual(["empty", "left-out", "refused", "taken"]);
}, 120_000);

it("takes what once broke: text outside of a page’s body, a promise that the PDF parser forgets", async () => {
  const { broken } = await brokenOf([1912, 2458, 5924, 9702].map(hostileInput));
  expect(broken).toEqual([]);
});

it("takes endless lines, deep nests and bombs the same way", async () => {
  const names = [
    "no-space.txt",
    "fences.md",
    "quotes.md",
    "lists.md",
    "divs.html",
    "spans.html",
    "bomb.docx",
    "bomb.zip",
    "lie.zip",
    "bomb.tar.gz",
  ];
  const { broken, outcomes } = await brokenOf(hugeInputs().filter(({ name }) => names.includes(name)));
  expect(broken).toEqual([]);
  expect([...outcomes].sort()).toEqual(["refused", "taken"]);
}, 120_000);
