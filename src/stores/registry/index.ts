/** Door of the registry room: models, their versions and stages. */

export { ModelVersionMissingError } from "./errors.ts";
export { createModelRegistry } from "./model-registry.ts";
export { registryMigrations } from "./tables.ts";
