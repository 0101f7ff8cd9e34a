/** Door of the hub to which datasets are pushed. */

export { HubError } from "./errors.ts";
export { type HuggingFaceHubOptions, huggingFaceHub } from "./hugging-face-hub.ts";
