/** Door of what tests of steps and pipelines need, `trilith/testing`: workspaces and runs that leave nothing behind. */

export { type TestContext, testContext } from "../orchestrator/index.ts";
export { PortNotGivenError } from "./errors.ts";
export { type MemoryArtifact, type MemoryRun, type RunInMemoryOptions, runInMemory } from "./run-in-memory.ts";
export { openTestWorkspace, type TestWorkspace, type TestWorkspaceOptions } from "./test-workspace.ts";
