/** Door of the feature store: versioned rows by group, read as of any version. */

export { FeatureKeyError, FeatureVersionUnknownError } from "./errors.ts";
export { createFeatureStore } from "./feature-store.ts";
export { featureMigrations } from "./tables.ts";
