/** Door of the warehouse room: raw documents and their authors, every version. */

export { warehouseMigrations } from "./tables.ts";
export { createWarehouse } from "./warehouse.ts";
