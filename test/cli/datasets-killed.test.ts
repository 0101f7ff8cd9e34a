import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PACKAGE_FOLDER, runTrilith, startTrilith } from "./run-trilith.ts";

const EXAMPLES = join(PACKAGE_FOLDER, "examples/authors/warm-essayist");
/** Questions that were asked, each with how often. */
const asked = new Map<string, number>();
let onAsked = (): void => undefined;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (piece: Buffer) => {
    body += piece.toString();
  });
  request.on("end", () => {
    const question: string = JSON.parse(body).messages[1].content;
    asked.set(question, (asked.get(question) ?? 0) + 1);
    const content = JSON.stringify({ instruction: `Tell of number ${asked.size} in a few paragraphs.` });
    const choices = [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }];
    const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: "m", choices, usage }));
    onAsked();
  });
});
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  env = { TRILITH_MODEL: "m", TRILITH_MODEL_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }; // it listens on TCP
  folder = mkdtempSync(join(tmpdir(), "trilith-killed-"));
  for (const file of readdirSync(EXAMPLES)
    .filter((name) => /^\d/.test(name))
    .slice(0, 12))
    cpSync(join(EXAMPLES, file), join(folder, "essays", file));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

it("a run that is killed while it asks a model goes on and pays for no answer twice", async () => {
  const line = (...args: string[]): string[] => [...args, "--workspace", join(folder, "w")];
  await runTrilith(line("collect", join(folder, "essays"), "--author", "Warm Essayist"));
  await runTrilith(line("run", "feature_engineering", "--set", "author_full_names=[Warm Essayist]"));
  const settings = ["--set", "forms=[instruction]", "--set", "yes=true", "--set", "concurrency=1"];
  const { child, ended } = startTrilith(line("run", "generate_datasets", ...settings), { env });
  onAsked = () => {
    if (asked.size === 5) child.kill("SIGKILL");
  };
  const { stderr } = await ended;
  onAsked = () => undefined;
  const run = /run (\S+)/.exec(stderr)?.[1] ?? "";
  const before = asked.size;
  const resumed = await runTrilith(line("resume", run), { env });
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(asked.size).toBeGreaterThan(before + 3);
  // The answer that was on its way when the process died may be asked for again; no other.
  expect([...asked.values()].filter((times) => times > 1).length).toBeLessThanOrEqual(1);
  const { stdout } = await runTrilith(line("datasets", "show", "generate_dataset", "--json"));
  const { writing, leaks } = JSON.parse(stdout).report;
  expect(writing).toMatchObject({ modelId: "openai-compatible/m", questionCount: asked.size });
  expect(writing.cachedCount).toBeGreaterThanOrEqual(before - 1);
  expect(leaks).toMatchObject({ testInstructionsInTrain: 0, answersNotInCorpus: 0 });
}, 90_000);
