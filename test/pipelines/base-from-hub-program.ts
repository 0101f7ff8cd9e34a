/** Opens the base of the workspace that is its first argument, as a command does, and prints what it is. */

import { openWorkspace } from "../../src/workspace.ts";

const workspace = await openWorkspace({ folder: process.argv[2] ?? "" });
const { base } = await workspace.open("languageModels");
await workspace.close();
process.stdout.write(JSON.stringify(base));
