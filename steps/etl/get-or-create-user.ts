/** The author whose writing is collected; made when the warehouse does not know the name. */

import { Author, step } from "trilith";
import { z } from "zod";

export const getOrCreateUser = step({
  name: "get_or_create_user",
  input: z.object({ user_full_name: z.string().trim().min(1) }),
  outputs: { user: Author },
  uses: ["warehouse"],
  cache: false,
  async run({ user_full_name }, { workspace, metadata }) {
    const user = await workspace.warehouse.saveAuthor(user_full_name);
    const [first_name = "", ...rest] = user.fullName.split(" ");
    metadata.log({
      query: { user_full_name },
      retrieved: { user_id: user.id, first_name, last_name: rest.join(" ") },
    });
    return { user };
  },
});
