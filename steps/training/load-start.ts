/** The model that training goes on from: an author's newest version in the registry, or the one that is named. */

import { Author, type Folder, folder, loadModelFiles, step } from "trilith";
import { modelKey, touched } from "trilith/lineage";
import { modelNameOf, REMOTE_START, StartRemoteError, StartUnclearError } from "trilith/training";
import { z } from "zod";

export const loadStart = step({
  name: "load_start",
  input: z.object({
    author: Author,
    /** `latest`, or a version such as `twin-ada@3`. */
    start_from: z.string(),
  }),
  output: folder(),
  uses: ["registry", "artifacts", "trainer"],
  cache: false,
  async run({ author, start_from }, { workspace: { registry, artifacts, trainer }, metadata }) {
    const own = modelNameOf(author.fullName);
    const [name = own, number] = start_from === "latest" ? [own] : start_from.split("@");
    const which = number === undefined ? "latest" : Number(number);
    const version = await registry.find(name, which);
    if (version === undefined) {
      const known = (await registry.list()).map((each) => `${each.name}@${each.version}`);
      throw new StartUnclearError(start_from, known);
    }
    metadata.log({ start: `${version.name}@${version.version}` });
    metadata.log(touched({ reads: [modelKey(version)] }));
    if (version.remote !== null) {
      const { id, baseUrl } = version.remote;
      if (trainer?.name !== "openai") throw new StartRemoteError(`${version.name}@${version.version}`, baseUrl);
      return new Map([[REMOTE_START, new TextEncoder().encode(JSON.stringify({ id, baseUrl }))]]);
    }
    const files: Folder = await loadModelFiles(version, artifacts);
    return files;
  },
});
