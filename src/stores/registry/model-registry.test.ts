import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import type { ModelRegistry, ModelVersion } from "../../contracts/registry.ts";
import { migrateDatabase } from "../database/index.ts";
import { createModelRegistry, registryMigrations } from "./index.ts";

const clock = { now: () => Date.UTC(2024, 0, 2), sleep: async () => undefined };
const model: Omit<ModelVersion, "version" | "stage" | "createdAt"> = {
  name: "twin-ada-byron",
  rights: "own",
  files: { "adapter_model.safetensors": "sha256:aa" },
  metrics: { validation_loss: 2.5 },
  lineage: {
    runId: "run-1",
    authorId: "ada",
    authorFullName: "Ada Byron",
    datasetHash: "sha256:dd",
    documents: ["a@1", "b@3"],
    baseModel: "tiny",
    baseFingerprint: "sha256:bb",
  },
  card: "# Ada",
};

const other = (hash: string): typeof model => ({ ...model, files: { "adapter_model.safetensors": hash } });

describeOnDatabases("the model registry", (newDatabase) => {
  const openMany = async (count: number): Promise<[ModelRegistry, ...ModelRegistry[]]> => {
    const openDatabase = await newDatabase();
    const database = await openDatabase();
    await migrateDatabase(database, registryMigrations);
    const others = await Promise.all(Array.from({ length: count - 1 }, openDatabase));
    return [createModelRegistry(database, clock), ...others.map((other) => createModelRegistry(other, clock))];
  };
  const open = async (): Promise<ModelRegistry> => (await openMany(1))[0];

  it("gives a model's first version number 1, with everything that it was told", async () => {
    const registry = await open();
    const registered = await registry.register(model);
    expect(registered).toEqual({ ...model, version: 1, stage: "none", createdAt: "2024-01-02T00:00:00.000Z" });
    expect(await registry.find("twin-ada-byron")).toEqual(registered);
  });

  it("registers equal files and lineage once, also from another run", async () => {
    const registry = await open();
    await registry.register(model);
    const again = await registry.register({ ...model, lineage: { ...model.lineage, runId: "run-2" } });
    expect([again.version, again.lineage.runId]).toEqual([1, "run-1"]);
    const changed = { ...model, lineage: { ...model.lineage, datasetHash: "sha256:ee" } };
    expect((await registry.register(changed)).version).toBe(2);
    expect((await registry.register(other("sha256:cc"))).version).toBe(3);
  });

  it("lists by name, newest first, and finds by number, stage or newest", async () => {
    const registry = await open();
    for (const hash of ["1", "2"]) await registry.register(other(hash));
    await registry.register({ ...model, name: "twin-a" });
    const listed = (await registry.list()).map(({ name, version }) => `${name} ${version}`);
    expect(listed).toEqual(["twin-a 1", "twin-ada-byron 2", "twin-ada-byron 1"]);
    await registry.setStage("twin-ada-byron", 1, "production");
    const versions = await Promise.all(
      ([1, "production", "latest", "staging", 9] as const).map((which) => registry.find("twin-ada-byron", which)),
    );
    expect(versions.map((found) => found?.version)).toEqual([1, 1, 2, undefined, undefined]);
  });

  it("has one holder a stage: the one before is archived, and only within its name", async () => {
    const registry = await open();
    for (const hash of ["1", "2"]) await registry.register(other(hash));
    await registry.register({ ...model, name: "twin-b" });
    await registry.setStage("twin-b", 1, "production");
    await registry.setStage("twin-ada-byron", 1, "production");
    expect((await registry.setStage("twin-ada-byron", 2, "production")).stage).toBe("production");
    const stages = (await registry.list()).map(({ name, version, stage }) => `${name} ${version} ${stage}`);
    expect(stages).toEqual(["twin-ada-byron 2 production", "twin-ada-byron 1 archived", "twin-b 1 production"]);
    expect((await registry.setStage("twin-ada-byron", 2, "production")).stage).toBe("production");
  });

  it("names the versions that there are when a stage is given to one that is not", async () => {
    const registry = await open();
    await registry.register(model);
    await expect(registry.setStage("twin-ada-byron", 7, "staging")).rejects.toMatchObject({
      code: "model-version-missing",
      message: expect.stringContaining("expected one of: 1"),
    });
  });

  it("changes its fingerprint with every version and stage, and not with a repeated registration", async () => {
    const registry = await open();
    const seen = [await registry.fingerprint()];
    await registry.register(model);
    seen.push(await registry.fingerprint());
    await registry.setStage("twin-ada-byron", 1, "staging");
    seen.push(await registry.fingerprint());
    await registry.register(model);
    expect(await registry.fingerprint()).toBe(seen[2]);
    expect(new Set(seen).size).toBe(3);
  });

  it("numbers versions without a gap, registers equals once and has one holder a stage, when many write", async () => {
    const registries = await openMany(4);
    const registered = await Promise.all(
      registries.flatMap((registry, i) =>
        [0, 1, 2].flatMap((j) => [registry.register(other(`${i} ${j}`)), registry.register(other(`of all ${j}`))]),
      ),
    );
    const versions = [...new Set(registered.map(({ version }) => version))].toSorted((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    await Promise.all(
      registries.map((registry, i) => registry.setStage(model.name, versions[i * 3] ?? 0, "production")),
    );
    const stages = (await registries[0].list()).map(({ stage }) => stage).filter((stage) => stage !== "none");
    expect(stages.toSorted()).toEqual(["archived", "archived", "archived", "production"]);
  });
});
