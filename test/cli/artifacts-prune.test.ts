import { describe, expect, it } from "vitest";
import { findUnmentioned } from "../../src/cli/commands/artifacts-prune.ts";
import type { ModelRegistry } from "../../src/contracts/registry.ts";
import type { VectorIndex } from "../../src/contracts/vectors.ts";
import { BucketUnusableError } from "../../src/stores/artifacts/index.ts";
import { openJournalWorkspace } from "../orchestrator/journal-workspace.ts";

const ports = {
  registry: { list: async () => [] } as Partial<ModelRegistry> as ModelRegistry, // what is asked of them here
  vectors: { describe: async () => undefined } as Partial<VectorIndex> as VectorIndex,
};

describe("bytes that nothing mentions", () => {
  it("are none as long as something kept cannot be read just now, and some once it is damaged for good", async () => {
    const workspace = await openJournalWorkspace({ ports });
    const part = await workspace.artifacts.put("a file of the folder");
    const manifest = await workspace.artifacts.put(
      JSON.stringify({ format: "folder-1", files: { a: { hash: part } } }),
    );
    const draft = { sizeBytes: 1, materializer: "folder", schemaId: "folder-1", preview: null, source: null };
    await workspace.runs.artifacts.register({ ...draft, name: "kept", hash: manifest });
    const find = async (artifacts: Partial<typeof workspace.artifacts> = {}): Promise<string[]> => {
      const seen = { ...workspace, artifacts: { ...workspace.artifacts, ...artifacts } };
      return (await findUnmentioned(seen, new Set(), Number.POSITIVE_INFINITY)).map(({ hash }) => hash);
    };
    expect(await find()).toEqual([]);
    const trouble = { where: "s3://b", trouble: "unreachable", reason: "ECONNRESET" } as const;
    const unreachable = async (): Promise<never> => {
      throw new BucketUnusableError(trouble, undefined);
    };
    await expect(find({ get: unreachable })).rejects.toMatchObject({ code: "output-unreadable" });
    await workspace.blobs.write(manifest.replace(":", "-"), Buffer.from("damaged"));
    expect(await find()).toEqual([part]);
    await workspace.close();
  });
});
