import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  findPostgres,
  type PostgresServer,
  query,
  startPostgres,
  WITHOUT_POSTGRES,
} from "../../../test/postgres-server.ts";
import { openPostgresSession, type PostgresSession } from "./postgres-session.ts";

describe.skipIf(findPostgres() === undefined)(`a session on PostgreSQL (skipped without: ${WITHOUT_POSTGRES})`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });

  async function open(url: string): Promise<PostgresSession> {
    const session = await openPostgresSession({ url });
    onTestFinished(() => session.close());
    return session;
  }
  const cutOff = (url: string): Promise<void> =>
    query(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'trilith session' and datname = current_database()`,
    );

  it("knows which sessions of its database live, until their processes are killed", async () => {
    const url = await server.newDatabase();
    const [session, elsewhere] = [await open(url), await open(await server.newDatabase())];
    const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", programOf(url)]);
    onTestFinished(() => void child.kill("SIGKILL"));
    const [text] = await once(child.stdout, "data");
    const key = String(text).trim();
    expect(await session.isAlive([key, session.key, elsewhere.key, "12345"])).toEqual(new Set([key, session.key]));
    child.kill("SIGKILL");
    await once(child, "exit");
    await expect.poll(() => session.isAlive([key])).toEqual(new Set());
    expect(await session.isAlive([])).toEqual(new Set());
  });

  it("says when it was cut off, and takes up its own key again", async () => {
    const url = await server.newDatabase();
    const session = await open(url);
    let lost = 0;
    session.onLost(() => lost++);
    expect(await session.tryLock("leader")).toBe(true);
    await cutOff(url);
    await expect.poll(() => lost).toBe(1);
    const other = await open(url);
    expect(await other.tryLock("leader")).toBe(true);
    await expect.poll(() => other.isAlive([session.key])).toEqual(new Set([session.key]));
    expect(await session.tryLock("leader")).toBe(false);
    await session.close();
    expect(lost).toBe(1);
  });

  it("lets one session at a time hold a lock, until it closes", async () => {
    const url = await server.newDatabase();
    const [one, two, three] = [await openPostgresSession({ url }), await open(url), await open(url)];
    expect([await one.tryLock("leader"), await one.tryLock("leader"), await two.tryLock("leader")]).toEqual([
      true,
      true,
      false,
    ]);
    await one.close();
    await expect.poll(() => two.tryLock("leader")).toBe(true);
    const order: string[] = [];
    const begun = Promise.withResolvers<void>();
    const first = two.withLock("work", async () => {
      order.push("begin");
      begun.resolve();
      await new Promise((resolve) => setTimeout(resolve, 150));
      order.push("end");
    });
    await begun.promise;
    await Promise.all([first, three.withLock("work", async () => void order.push("next"))]);
    expect(order).toEqual(["begin", "end", "next"]);
  });

  it("wakes who listens, also after it was cut off, and nobody on another channel", async () => {
    const url = await server.newDatabase();
    const [one, two] = [await open(url), await open(url)];
    const woken: string[] = [];
    await one.listen('run "1"', () => woken.push("one"));
    await one.listen("other", () => woken.push("other"));
    await two.notify('run "1"');
    await expect.poll(() => woken).toEqual(["one"]);
    await cutOff(url);
    await expect.poll(() => woken).toEqual(["one", "one", "other"]); // what was said meanwhile may be missed
    await expect
      .poll(() =>
        two.notify('run "1"').then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect.poll(() => woken).toEqual(["one", "one", "other", "one"]);
  });

  it("says what cannot be reached, without the password", async () => {
    const failed = openPostgresSession({ url: "postgres://me:secret@127.0.0.1:1/db" });
    await expect(failed).rejects.toMatchObject({
      code: "database-unreachable",
      message: expect.stringMatching(/^The database me@127\.0\.0\.1:1\/db cannot be reached/),
    });
  });
});

/** Opens a session, says its key, and lives. */
function programOf(url: string): string {
  const module = JSON.stringify(join(import.meta.dirname, "postgres-session.ts"));
  return `import { openPostgresSession } from ${module};
    const { key } = await openPostgresSession({ url: ${JSON.stringify(url)} }); console.log(key); setInterval(() => 0, 1000);`;
}
