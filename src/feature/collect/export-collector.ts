/** Data exports of platforms: the ZIP archives by which they hand a person's own writing back. */

import { statSync } from "node:fs";
import type { DraftCollector } from "../../contracts/documents.ts";
import { ArchiveUnknownError } from "../errors.ts";
import { ARCHIVE_LIMITS, type ArchiveLimits } from "./archives/archive-limits.ts";
import { openZip } from "./archives/open-zip.ts";
import type { DataExport } from "./exports/data-export.ts";
import { linkedinExport } from "./exports/linkedin-export.ts";
import { mediumExport } from "./exports/medium-export.ts";
import { substackExport } from "./exports/substack-export.ts";
import { xExport } from "./exports/x-export.ts";
import { withoutEnd } from "./folder-collector.ts";

const EXPORTS: readonly DataExport[] = [xExport, substackExport, mediumExport, linkedinExport];

/**
 * Collects the data exports of LinkedIn, X, Medium and Substack by the path of their archive; which it is shows in what
 * it holds. Texts are read one at a time out of the archive, and nothing is unpacked.
 */
export function exportCollector(limits: Partial<ArchiveLimits> = {}): DraftCollector {
  return {
    name: "export",
    isWhole: true,
    accepts: (link) => /\.zip$/i.test(link) && !/^[a-z][a-z0-9+.-]+:\/\//i.test(link) && isFile(link),
    async *collect(link, { signal } = {}) {
      const given = withoutEnd(link);
      const zip = await openZip(link, given, { ...ARCHIVE_LIMITS, ...limits });
      try {
        const found = recognise(zip.names);
        if (found === undefined)
          throw new ArchiveUnknownError(
            given,
            zip.names,
            EXPORTS.map(({ title }) => title),
          );
        for await (const finding of found.data.read({ zip, root: found.root, given })) {
          signal?.throwIfAborted();
          yield finding;
        }
      } finally {
        zip.close();
      }
    },
  };
}

function recognise(names: readonly string[]): { data: DataExport; root: string } | undefined {
  for (const data of EXPORTS) {
    for (const name of names) {
      const match = data.sign.exec(name);
      if (match) return { data, root: match[1] ?? "" };
    }
  }
  return undefined;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
