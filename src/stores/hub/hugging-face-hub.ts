/** The Hugging Face hub as the `DatasetHub` port, over its own library, which is imported on first use. */

import type { DatasetHub } from "../../contracts/hub.ts";
import { importLibrary } from "../../core/optional-library.ts";
import { HubError } from "./errors.ts";

/** Which hub, and who one is there. */
export interface HuggingFaceHubOptions {
  /** With the right to write. */
  readonly token: string;
  /** Default `https://huggingface.co`. */
  readonly url?: string;
  readonly fetch: typeof fetch;
}

const CONFLICT = 409;

/** Pushes to the hub; large files go as LFS does, small ones in the commit, as the hub asks. */
export function huggingFaceHub({ token, url = "https://huggingface.co", fetch }: HuggingFaceHubOptions): DatasetHub {
  const access = { accessToken: token, hubUrl: url, fetch };
  return {
    name: url,
    async push({ datasetId, files, message, isPrivate, signal }) {
      const load = () => import("@huggingface/hub");
      const { createRepo, uploadFiles } = await importLibrary(
        "@huggingface/hub",
        "Pushing to the Hugging Face hub",
        load,
      );
      const repo = { type: "dataset", name: datasetId } as const;
      try {
        await createRepo({ ...access, repo, visibility: isPrivate ? "private" : "public" }).catch(unlessThere);
        const committed = await uploadFiles({
          ...access,
          repo,
          files: [...files].map(([path, bytes]) => ({ path, content: new Blob([new Uint8Array(bytes)]) })),
          commitTitle: message,
          useXet: false,
          ...(signal === undefined ? {} : { abortSignal: signal }),
        });
        return { url: `${url}/datasets/${datasetId}`, commit: committed?.commit.oid ?? "" };
      } catch (cause) {
        signal?.throwIfAborted();
        throw new HubError(datasetId, url, cause);
      }
    },
  };
}

/** A repository that is there already is what is wanted. */
function unlessThere(error: unknown): void {
  if (!(error instanceof Error && "statusCode" in error && error.statusCode === CONFLICT)) throw error;
}
