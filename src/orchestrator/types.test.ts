import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { ArtifactStore } from "../contracts/artifacts.ts";
import type { Warehouse } from "../contracts/documents.ts";
import { Folder, folder } from "./materializers/folder.ts";
import { jsonl } from "./materializers/jsonl.ts";
import { pipeline, type ResultOf } from "./pipeline.ts";
import type { Outputs, Ref, Refs, Values } from "./ref.ts";
import { step } from "./step.ts";
import { testContext } from "./step-context.ts";

const User = z.object({ id: z.string(), age: z.number() });

const getUser = step({
  name: "get_user",
  input: z.object({ name: z.string() }),
  output: User,
  run: ({ name }) => ({ id: name, age: 1 }),
});

const split = step({
  name: "split",
  input: z.object({ users: z.array(User), fraction: z.number().default(0.1) }),
  outputs: { train: jsonl(User), test: z.number() },
  uses: ["warehouse", "artifacts"],
  run({ users, fraction }, { workspace, signal }) {
    expectTypeOf(fraction).toEqualTypeOf<number>();
    expectTypeOf(workspace).toEqualTypeOf<{ readonly warehouse: Warehouse; readonly artifacts: ArtifactStore }>();
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    return { train: users, test: 1 };
  },
});

const train = step({
  name: "train",
  input: z.object({ files: Folder }),
  output: folder(),
  run: async ({ files }) => files,
});

const pause = step({ name: "pause", run: () => undefined });

describe("the types of steps and pipelines", () => {
  it("give references to what a step returns, in its own shape", () => {
    expectTypeOf<ReturnType<typeof getUser>>().toEqualTypeOf<Ref<{ id: string; age: number }>>();
    expectTypeOf<ReturnType<typeof split>>().toEqualTypeOf<{
      readonly train: Ref<readonly { id: string; age: number }[]>;
      readonly test: Ref<number>;
    }>();
    expectTypeOf<ReturnType<typeof train>>().toEqualTypeOf<Ref<Folder>>();
    expectTypeOf<ReturnType<typeof pause>>().toEqualTypeOf<Ref<void>>();
  });

  it("take a value or a reference at any depth of the input, and nothing else", () => {
    type Call = Parameters<typeof split>[0];
    expectTypeOf<{ users: { id: string; age: number }[] }>().toExtend<Call>();
    expectTypeOf<{ users: Ref<{ id: string; age: number }[]>; fraction: Ref<number> }>().toExtend<Call>();
    expectTypeOf<{ users: Ref<{ id: string; age: number }>[] }>().toExtend<Call>();
    expectTypeOf<{ users: { id: Ref<string>; age: number }[] }>().toExtend<Call>();
    expectTypeOf<{ users: Ref<string>[] }>().not.toExtend<Call>();
    expectTypeOf<{ users: { id: Ref<number>; age: number }[] }>().not.toExtend<Call>();
    expectTypeOf<Ref<string>>().not.toExtend<Refs<number>>();
    expectTypeOf<Parameters<typeof pause>>().toExtend<
      [input?: object, options?: { after?: readonly Ref<unknown>[] }]
    >();
  });

  it("let a pipeline return references alone or by name, and refuse a bare one that was awaited", () => {
    expectTypeOf<Ref<string>>().toExtend<Outputs>();
    expectTypeOf<{ user: Ref<string>; all: Ref<number>[] }>().toExtend<Outputs>();
    expectTypeOf<Promise<{ user: Ref<string> }>>().toExtend<Promise<Outputs>>();
    expectTypeOf<Promise<{ id: string }>>().not.toExtend<Outputs | Promise<Outputs>>();
    expectTypeOf<Promise<string>>().not.toExtend<Outputs | Promise<Outputs>>();
    expectTypeOf<{ user: string }>().not.toExtend<Outputs>();
  });

  it("give the values behind a pipeline's outputs", () => {
    const named = pipeline({
      name: "named",
      parameters: z.object({ name: z.string() }),
      async run({ name }) {
        const user = getUser({ name });
        return { user, parts: [user], ...split({ users: [user] }) };
      },
    });
    const bare = pipeline({ name: "bare", run: () => getUser({ name: "a" }) });
    const none = pipeline({
      name: "none",
      run() {
        pause();
      },
    });
    expectTypeOf<Values<ResultOf<typeof named>>>().toEqualTypeOf<{
      user: { id: string; age: number };
      parts: { id: string; age: number }[];
      train: readonly { id: string; age: number }[];
      test: number;
    }>();
    expectTypeOf<Values<ResultOf<typeof bare>>>().toEqualTypeOf<{ id: string; age: number }>();
    expectTypeOf<Values<ResultOf<typeof none>>>().toEqualTypeOf<void>();
  });

  it("let a test run a step with only the ports that it uses", () => {
    expectTypeOf(testContext()).toExtend<Parameters<typeof getUser.run>[1]>();
    expectTypeOf(testContext()).not.toExtend<Parameters<typeof split.run>[1]>();
    expectTypeOf<Awaited<ReturnType<typeof split.run>>["test"]>().toEqualTypeOf<number>();
  });
});
