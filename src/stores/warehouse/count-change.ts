/** The counter that every write moves which a reader could notice. */

import type { Transaction } from "kysely";
import type { WarehouseTables } from "./tables.ts";

export async function countChange(transaction: Transaction<WarehouseTables>): Promise<void> {
  await transaction
    .updateTable("warehouse_change")
    .set((e) => ({ count: e("count", "+", 1) }))
    .execute();
}
