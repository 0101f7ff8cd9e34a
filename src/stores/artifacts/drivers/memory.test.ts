import { describeBlobDriver } from "../blob-driver.contract.ts";
import { memoryBlobs } from "./memory.ts";

describeBlobDriver("memory", memoryBlobs);
