/** Door of the feature store: versioned rows by group, read as of any version or time. */

export { type FieldDrift, measureDrift } from "./drift.ts";
export {
  describeExpectation,
  ExpectationUnknownError,
  FeatureExpectationError,
  FeatureKeyError,
  FeatureSchemaError,
  FeatureTimeError,
  FeatureVersionUnknownError,
} from "./errors.ts";
export { createFeatureStore } from "./feature-store.ts";
export { featureMigrations } from "./tables.ts";
export { measureVectorDrift, type VectorDrift } from "./vector-drift.ts";
