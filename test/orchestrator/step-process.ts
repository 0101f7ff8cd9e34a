/** The process of a step over a test's workspace: `step-process.ts <folder>`. */

import { runStepProcess } from "../../src/orchestrator/index.ts";
import { openJournalWorkspace } from "./journal-workspace.ts";

const workspace = await openJournalWorkspace({ folder: process.argv[2] ?? "" });
await runStepProcess(workspace);
await workspace.close();
