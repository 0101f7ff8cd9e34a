import { expect, it } from "vitest";
import { describeOnDatabases } from "../../../test/sql-databases.ts";
import type { ModelRegistry, NewModel } from "../../contracts/registry.ts";
import { migrateDatabase } from "../database/index.ts";
import { createModelRegistry, registryMigrations } from "./index.ts";

const clock = { now: () => Date.UTC(2024, 0, 2), sleep: async () => undefined };
const model: NewModel = {
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
    expect(registered).toEqual({
      ...model,
      lineage: { ...model.lineage, code: null },
      version: 1,
      kind: "lora",
      stage: "none",
      aliases: [],
      tags: [],
      description: "",
      remote: null,
      facts: {},
      forgotten: [],
      createdAt: "2024-01-02T00:00:00.000Z",
    });
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
    await registry.setStage({ name: "twin-ada-byron", version: 1 }, "production");
    const versions = await Promise.all(
      ([1, "production", "latest", "staging", 9] as const).map((which) => registry.find("twin-ada-byron", which)),
    );
    expect(versions.map((found) => found?.version)).toEqual([1, 1, 2, undefined, undefined]);
  });

  it("has one holder a stage: the one before is archived, and only within its name", async () => {
    const registry = await open();
    for (const hash of ["1", "2"]) await registry.register(other(hash));
    await registry.register({ ...model, name: "twin-b" });
    await registry.setStage({ name: "twin-b", version: 1 }, "production");
    await registry.setStage({ name: "twin-ada-byron", version: 1 }, "production");
    expect((await registry.setStage({ name: "twin-ada-byron", version: 2 }, "production")).stage).toBe("production");
    const stages = (await registry.list()).map(({ name, version, stage }) => `${name} ${version} ${stage}`);
    expect(stages).toEqual(["twin-ada-byron 2 production", "twin-ada-byron 1 archived", "twin-b 1 production"]);
    expect((await registry.setStage({ name: "twin-ada-byron", version: 2 }, "production")).stage).toBe("production");
  });

  it("names the versions that there are when a stage is given to one that is not", async () => {
    const registry = await open();
    await registry.register(model);
    await expect(registry.setStage({ name: "twin-ada-byron", version: 7 }, "staging")).rejects.toMatchObject({
      code: "model-version-missing",
      message: expect.stringContaining("expected one of: 1"),
    });
  });

  it("changes its fingerprint with every version and stage, and not with a repeated registration", async () => {
    const registry = await open();
    const seen = [await registry.fingerprint()];
    await registry.register(model);
    seen.push(await registry.fingerprint());
    await registry.setStage({ name: "twin-ada-byron", version: 1 }, "staging");
    seen.push(await registry.fingerprint());
    await registry.register(model);
    expect(await registry.fingerprint()).toBe(seen[2]);
    expect(new Set(seen).size).toBe(3);
  });

  it("keeps numbers of removed versions, and refuses to remove the one in production", async () => {
    const registry = await open();
    for (const hash of ["1", "2"]) await registry.register(other(hash));
    const [name, second] = [model.name, { name: model.name, version: 2 }];
    await registry.setStage(second, "production");
    await expect(registry.remove(second)).rejects.toMatchObject({ code: "model-in-use" });
    await registry.setStage(second, "archived");
    await registry.setAlias(name, "champion", 2);
    expect(await registry.remove(second)).toMatchObject({ version: 2, aliases: ["champion"] });
    expect(await registry.find(name, "champion")).toBeUndefined();
    expect((await registry.register(other("2"))).version).toBe(3);
    await expect(registry.remove({ name, version: 2 })).rejects.toMatchObject({ code: "model-version-missing" });
  });

  it("moves an alias from version to version, finds by it, and takes none that reads as something else", async () => {
    const registry = await open();
    for (const hash of ["1", "2"]) await registry.register(other(hash));
    const { name } = model;
    await registry.setAlias(name, "champion", 1);
    await registry.setAlias(name, "champion", 2);
    expect((await registry.find(name, "champion"))?.version).toBe(2);
    expect((await registry.list(name)).map(({ aliases }) => aliases)).toEqual([["champion"], []]);
    await registry.setAlias(name, "champion", null);
    expect(await registry.find(name, "champion")).toBeUndefined();
    for (const alias of ["production", "latest", "7", "a b", ""]) {
      await expect(registry.setAlias(name, alias, 1)).rejects.toMatchObject({ code: "model-alias" });
    }
    await expect(registry.setAlias(name, "champion", 9)).rejects.toMatchObject({ code: "model-version-missing" });
  });

  it("gives neither staging nor production to a version whose documents were forgotten", async () => {
    const registry = await open();
    const first = await registry.register(model);
    const second = await registry.register({ ...model, lineage: { ...model.lineage, documents: ["c@1"] } });
    expect(await registry.forgetDocuments(["b", "z"])).toEqual([{ name: model.name, version: 1 }]);
    expect((await registry.find(model.name, 1))?.forgotten).toEqual(["b"]);
    for (const stage of ["staging", "production"] as const) {
      await expect(registry.setStage(first, stage)).rejects.toMatchObject({ code: "model-forgotten" });
    }
    expect((await registry.setStage(first, "archived")).stage).toBe("archived");
    expect((await registry.setStage(second, "production")).stage).toBe("production");
  });

  it("adds measured values, tags and words, and keeps what happened in order", async () => {
    const registry = await open();
    const { name, version } = await registry.register({
      ...model,
      kind: "remote",
      remote: { id: "ft:a", baseUrl: "u" },
    });
    const ref = { name, version };
    await registry.addMetrics(ref, { "style_gain.low": 0.1, validation_loss: 2 }, { runId: "run-9" });
    await registry.addMetrics(ref, { validation_loss: 2 }, { runId: "run-10" });
    await registry.describe(ref, { addTags: ["b", "a", "b"], description: "The first." });
    await registry.setAlias(name, "first", 1);
    await registry.setStage(ref, "staging", { by: "Ada", reason: "it is short" });
    expect(await registry.find(name)).toMatchObject({
      kind: "remote",
      remote: { id: "ft:a", baseUrl: "u" },
      metrics: { validation_loss: 2, "style_gain.low": 0.1 },
      tags: ["a", "b"],
      description: "The first.",
      aliases: ["first"],
      stage: "staging",
    });
    const events = await registry.history(name);
    expect(events.map(({ sequence, kind }) => `${sequence} ${kind}`)).toEqual([
      "1 registered",
      "2 evaluated",
      "3 described",
      "4 alias",
      "5 stage",
    ]);
    expect(events.at(-1)?.detail).toEqual({ from: "none", to: "staging", by: "Ada", reason: "it is short" });
  });

  it("has a tag of a key once, and takes tags away by key or whole", async () => {
    const registry = await open();
    const { name, version } = await registry.register(model);
    const ref = { name, version };
    await registry.describe(ref, { addTags: ["kind", "corpus=blog", "by=a=b"] });
    expect((await registry.describe(ref, { addTags: ["corpus=books"] })).tags).toEqual([
      "by=a=b",
      "corpus=books",
      "kind",
    ]);
    expect((await registry.describe(ref, { removeTags: ["by", "corpus=other"], addTags: [] })).tags).toEqual([
      "corpus=books",
      "kind",
    ]);
    for (const tag of ["", "=value", "two words", "key=two\nlines"]) {
      await expect(registry.describe(ref, { addTags: [tag] })).rejects.toMatchObject({ code: "model-tag" });
    }
  });

  it("keeps every tag and value when many write at once", async () => {
    const registries = await openMany(3);
    const ref = { name: model.name, version: (await registries[0].register(model)).version };
    await Promise.all(
      registries.flatMap((registry, i) => [
        registry.describe(ref, { addTags: [`t${i}`] }),
        registry.addMetrics(ref, { [`m${i}`]: i }),
      ]),
    );
    expect(await registries[0].find(model.name)).toMatchObject({
      tags: ["t0", "t1", "t2"],
      metrics: { validation_loss: 2.5, m0: 0, m1: 1, m2: 2 },
    });
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
      registries.map((registry, i) =>
        registry.setStage({ name: model.name, version: versions[i * 3] ?? 0 }, "production"),
      ),
    );
    const stages = (await registries[0].list()).map(({ stage }) => stage).filter((stage) => stage !== "none");
    expect(stages.toSorted()).toEqual(["archived", "archived", "archived", "production"]);
  });
});
