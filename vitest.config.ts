import { defineConfig } from "vitest/config";

/** Tests stand beside their source; `test/` holds what crosses rooms. Two workers, because the target is two cores. */
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "steps/**/*.test.ts", "test/**/*.test.ts", "scripts/**/*.test.ts"],
    globalSetup: ["test/postgres/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
