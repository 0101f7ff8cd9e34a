import { describeVectorDriver } from "../vector-driver.contract.ts";
import { memoryVectors } from "./memory.ts";

describeVectorDriver("memory", async () => memoryVectors());
