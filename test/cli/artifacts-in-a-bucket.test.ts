import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CREDENTIALS, type S3Server, startS3rver } from "../s3/s3-server.ts";
import { runTrilith } from "./run-trilith.ts";

let server: S3Server;
let folder: string;

beforeAll(async () => {
  server = await startS3rver();
  folder = mkdtempSync(join(tmpdir(), "trilith-bucket-"));
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const trilith = (...args: string[]) =>
  runTrilith([...args, "--json", "--workspace", join(folder, "ws")], {
    cwd: folder,
    env: {
      TRILITH_ARTIFACTS_URL: `s3://${server.bucket}/team?endpoint=${server.endpoint}&region=eu-west-1`,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
  });

describe("TRILITH_ARTIFACTS_URL", () => {
  it("puts the workspace's artifacts into a bucket, and nothing of them into its folder", async () => {
    const file = join(folder, "notes.txt");
    writeFileSync(file, "a note\n".repeat(20_000));
    const { code, stderr } = await trilith("artifacts", "register", "notes", file);
    expect(code, stderr).toBe(0);
    const copy = join(folder, "copy.txt");
    await trilith("artifacts", "export", "notes@1", copy);
    expect(readFileSync(copy, "utf8")).toBe(readFileSync(file, "utf8"));
    expect(existsSync(join(folder, "ws/artifacts"))).toBe(false);
    const kept = await trilith("artifacts", "prune", "--yes", "--registered");
    expect(JSON.parse(kept.stdout)).toMatchObject({ versions: ["notes@1"], stored: [] }); // of this hour
  });

  it("that is none is refused before anything is done", async () => {
    const env = { TRILITH_ARTIFACTS_URL: "s4://bucket" };
    const { code, stderr } = await runTrilith(["artifacts", "--workspace", join(folder, "other")], {
      cwd: folder,
      env,
    });
    expect([code, /its scheme is s4:.*TRILITH_ARTIFACTS_URL/.test(stderr)], stderr).toEqual([2, true]);
  });
});
