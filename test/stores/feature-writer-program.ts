/** A process that changes features without end: writes, commits and forgets in turns, and says each version it has made. */

import { systemClock } from "../../src/core/clock.ts";
import { createRandom } from "../../src/core/random.ts";
import { openPostgresDatabase, openSqliteDatabase } from "../../src/stores/database/index.ts";
import { createFeatureStore } from "../../src/stores/features/index.ts";
import { chunk } from "../../src/stores/features/rows-fixture.ts";

const [place = "", seed = "1"] = process.argv.slice(2);
const database = place.startsWith("postgres:")
  ? await openPostgresDatabase({ url: place })
  : openSqliteDatabase({ file: place });
const store = createFeatureStore(database, systemClock());
const random = createRandom(Number(seed));
for (;;) {
  const id = `d${random.integer(8)}`;
  const rows = Array.from({ length: random.integer(60) }, (_, i) => chunk(id, i, `text ${random.integer(1_000)}`));
  const turn = random.integer(5);
  if (turn === 0) await store.forget([id]);
  else if (turn === 1) await store.commit("chunks", { upsert: rows, deleteIds: [`${id}-0-text 1`] });
  else await store.write("chunks", rows, [id]);
  process.stdout.write(`${await store.version("chunks")}\n`);
}
