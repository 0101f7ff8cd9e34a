/** A place on the network where datasets are shared. */

/** What is shared under which name. */
export interface HubDataset {
  /** `owner/name`. */
  readonly datasetId: string;
  /** Contents by path; `README.md` is the page. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly message: string;
  /** Of a repository that is made for it; one that is there stays as it is. */
  readonly isPrivate: boolean;
  readonly signal?: AbortSignal;
}

/** Where datasets go. */
export interface DatasetHub {
  readonly name: string;
  /**
   * Puts the files into the dataset's repository in one commit; makes the repository where there is none.
   *
   * @throws {HubError} (`hub-failed`)
   */
  push(dataset: HubDataset): Promise<{ readonly url: string; readonly commit: string }>;
}
