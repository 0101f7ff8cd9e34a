import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startTrilith } from "./run-trilith.ts";

describe("trilith serve", () => {
  it("prints its address, answers, and ends with 0 on Ctrl-C", async () => {
    const workspace = mkdtempSync(join(tmpdir(), "trilith-serve-"));
    const { child, ended } = startTrilith(["serve", "--port", "0", "--workspace", workspace, "--json"]);
    if (child.stdout === null) throw new TypeError("standard output is piped");
    const [printed] = (await once(child.stdout, "data")) as [string];
    const { url } = JSON.parse(printed) as { url: string };
    const health: unknown = await (await fetch(`${url}/health`)).json();
    const models = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
    child.kill("SIGINT");
    const { code } = await ended;
    expect(health).toEqual({ status: "ok" });
    expect(models.data.map(({ id }) => id)).toEqual(["twin"]);
    expect(code).toBe(0);
  });
});
