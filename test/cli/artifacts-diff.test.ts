import { tableFromArrays } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { compareContents, type Difference } from "../../src/cli/commands/artifacts-diff.ts";
import type { ArtifactRecord } from "../../src/contracts/runs.ts";
import {
  arrowTable,
  bytes,
  type Materializer,
  rows,
  text,
  typedArray,
} from "../../src/orchestrator/materializers/index.ts";
import { type JournalWorkspace, openJournalWorkspace } from "../orchestrator/journal-workspace.ts";

async function register<T>(
  workspace: JournalWorkspace,
  materializer: Materializer<T>,
  value: T,
): Promise<ArtifactRecord> {
  const { content, preview } = await materializer.save(value, workspace.artifacts, "it");
  const { name, schemaId } = materializer;
  const hash = await workspace.artifacts.put(content);
  const draft = { name: "made", hash, sizeBytes: content.byteLength, materializer: name, schemaId, preview };
  return workspace.runs.artifacts.register({ ...draft, source: hash });
}

async function differences<T>(materializer: Materializer<T>, before: T, after: T): Promise<Difference[] | undefined> {
  const workspace = await openJournalWorkspace();
  const [a, b] = [await register(workspace, materializer, before), await register(workspace, materializer, after)];
  const found = await compareContents(workspace, a, b);
  await workspace.close();
  return found;
}

describe("what differs in two versions", () => {
  it("is told of texts by lines", async () => {
    expect(await differences(text(), "a\nb\nb", "b\nc\nb")).toEqual([
      { at: "line 1", kind: "removed", before: "a" },
      { at: "line 2", kind: "added", after: "c" },
    ]);
  });

  it("is told of rows that were kept part by part", async () => {
    const many = Array.from({ length: 300 }, (_, id) => ({ id, text: "x".repeat(9_000) }));
    const after = [...many.slice(0, 250), { id: 0.5, text: "" }, ...many.slice(251)];
    const found = await differences(rows(z.object({ id: z.number(), text: z.string() })), many, after);
    expect(found?.map(({ at, kind }) => [at, kind])).toEqual([
      ["row 251", "removed"],
      ["row 251", "added"],
    ]);
  });

  it("is told of tables by rows", async () => {
    const table = (...ids: number[]) =>
      tableFromArrays({ id: Int32Array.from(ids), big: BigInt64Array.from(ids, BigInt) });
    expect(await differences(arrowTable(), table(1, 2), table(2, 3))).toEqual([
      { at: "row 1", kind: "removed", before: { id: 1, big: "1" } },
      { at: "row 2", kind: "added", after: { id: 3, big: "3" } },
    ]);
  });

  it("is told of arrays by shape and number", async () => {
    const before = { shape: [3], data: Float64Array.of(1, 2, Number.NaN) };
    const after = { shape: [1, 3], data: Float64Array.of(1, 2.5, Number.NaN) };
    expect(await differences(typedArray(), before, after)).toEqual([
      { at: "shape[0]", kind: "changed", before: 3, after: 1 },
      { at: "shape[1]", kind: "added", after: 3 },
      { at: "data[1]", kind: "changed", before: 2, after: 2.5 },
    ]);
  });

  it("is not told of what has no parts", async () => {
    expect(await differences(bytes(), Uint8Array.of(1), Uint8Array.of(2))).toBe(undefined);
  });
});
