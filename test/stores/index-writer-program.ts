/**
 * Writes features and their index, round after round, until it kills itself: at the given one of the moments between
 * its writes, or so many milliseconds after the index has begun to change.
 */

import { createRandom } from "../../src/core/random.ts";
import type { VectorDriver } from "../../src/stores/vectors/index.ts";
import { openIndexWriter, writeAtRandom } from "./index-writer.ts";

const [folder = "", seed = "0", moment = "-1", afterMs = "-1"] = process.argv.slice(2);
let left = Number(moment);
const die = (): void => void process.kill(process.pid, "SIGKILL");
const pass = (): void => {
  if (left-- === 0) die();
};

function mortal(driver: VectorDriver): VectorDriver {
  return {
    ...driver,
    async updateTable(table, { rows, removedIds }) {
      pass();
      if (Number(afterMs) >= 0) setTimeout(die, Number(afterMs));
      await driver.updateTable(table, { rows: passing(rows), removedIds });
      pass();
    },
    async writePointer(text) {
      await driver.writePointer(text);
      pass();
    },
  };
}

async function* passing<T>(batches: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const batch of batches) {
    pass();
    yield batch;
    pass();
  }
}

const writer = await openIndexWriter(folder, mortal);
const random = createRandom(Number(seed));
for (;;) {
  await writeAtRandom(writer.features, random);
  pass();
  await writer.load();
}
