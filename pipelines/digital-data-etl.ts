/** From an author's links and folders to raw documents in the warehouse. */

import { pipeline } from "trilith";
import { z } from "zod";
import { crawlLinks } from "../steps/etl/crawl-links.ts";
import { getOrCreateUser } from "../steps/etl/get-or-create-user.ts";

export const digitalDataEtl = pipeline({
  name: "digital_data_etl",
  parameters: z.object({
    /** First name, then the rest. */
    user_full_name: z.string().trim().min(1),
    /** Web addresses, and paths of files and folders. */
    links: z.array(z.string().min(1)).min(1),
    /** Share of the links that may fail, 0–1; all of them never may. */
    max_failed_fraction: z.number().min(0).max(1).default(1),
    /** Whether pages are fetched whole that their server would call unchanged. */
    refresh: z.boolean().default(false),
    /** Whether the links are home pages, and what is under them is collected. */
    discover: z.boolean().default(false),
  }),
  run({ user_full_name, ...crawl }) {
    const { user } = getOrCreateUser({ user_full_name });
    return crawlLinks({ user, ...crawl });
  },
});
