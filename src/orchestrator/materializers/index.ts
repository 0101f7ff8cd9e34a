/** Door of the materializers, `trilith/materializers`: how outputs that are more than JSON are kept. */

export { Folder, folder } from "./folder.ts";
export { json } from "./json.ts";
export { jsonl } from "./jsonl.ts";
export type { Materializer } from "./materializer.ts";
