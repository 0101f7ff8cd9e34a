/** Door of the materializers, `trilith/materializers`: how outputs that are more than JSON are kept. */

export { arrowTable } from "./arrow-table.ts";
export { materializerByName } from "./by-name.ts";
export { bytes } from "./bytes.ts";
export { chart } from "./chart.ts";
export { Chart } from "./chart-schema.ts";
export { ContentUnreadableError, ValueNotStorableError } from "./errors.ts";
export { Folder, folder } from "./folder.ts";
export { json } from "./json.ts";
export { jsonl } from "./jsonl.ts";
export type { Materializer } from "./materializer.ts";
export type { NdArray, NumericData } from "./npy.ts";
export { renderChart } from "./render-chart.ts";
export { type Rows, rows, rowsOf } from "./rows.ts";
export { text } from "./text.ts";
export { typedArray } from "./typed-array.ts";
