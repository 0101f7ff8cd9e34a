/** Door of the registry room: models, their versions and stages. */

export {
  ModelAliasError,
  ModelForgottenError,
  ModelInUseError,
  ModelRemoteError,
  ModelTagError,
  ModelVersionMissingError,
} from "./errors.ts";
export { loadModelFiles } from "./load-model-files.ts";
export { createModelRegistry } from "./model-registry.ts";
export { registryMigrations } from "./tables.ts";
