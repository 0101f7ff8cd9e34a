/**
 * A folder of Markdown as LangChain.js and LlamaIndex.TS put it into a search index: load, split, embed, index, each as
 * its own documentation does it, with the embedder that it is handed. Runs in a folder where they are installed:
 *
 *   node load-split-embed-index.js <langchain|llamaindex> <folder of documents> <Trilith's root> <workspace>
 *
 * Prints `{"seconds", "peakMb", "chunkCount"}`.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [which, documents, root, folder] = process.argv.slice(2);
const { openWorkspace } = await import(pathToFileURL(join(root, "src/workspace.ts")).href);
const workspace = await openWorkspace({ folder, config: { embeddingModel: "static" } });
const embedders = await workspace.open("embedders");
const model = await embedders.open(await embedders.prepare([]));
const embedAll = async (texts) => (await model.embed(texts, "document")).map((vector) => Array.from(vector));

async function langchain() {
  const { DirectoryLoader } = await import("@langchain/classic/document_loaders/fs/directory");
  const { TextLoader } = await import("@langchain/classic/document_loaders/fs/text");
  const { MemoryVectorStore } = await import("@langchain/classic/vectorstores/memory");
  const { MarkdownTextSplitter } = await import("@langchain/textsplitters");
  const { Embeddings } = await import("@langchain/core/embeddings");
  class Ours extends Embeddings {
    embedDocuments = embedAll;
    embedQuery = async (text) => (await embedAll([text]))[0];
  }
  const begun = performance.now();
  const loaded = await new DirectoryLoader(documents, { ".md": (path) => new TextLoader(path) }).load();
  const chunks = await new MarkdownTextSplitter({ chunkSize: 1000, chunkOverlap: 0 }).splitDocuments(loaded);
  await MemoryVectorStore.fromDocuments(chunks, new Ours({}));
  return { seconds: (performance.now() - begun) / 1000, chunkCount: chunks.length };
}

async function llamaindex() {
  const { Settings, SentenceSplitter, VectorStoreIndex, BaseEmbedding } = await import("llamaindex");
  const { SimpleDirectoryReader } = await import("@llamaindex/readers/directory");
  class Ours extends BaseEmbedding {
    embedBatchSize = 64;
    getTextEmbedding = async (text) => (await embedAll([text]))[0];
    getTextEmbeddings = embedAll;
  }
  Settings.embedModel = new Ours();
  Settings.nodeParser = new SentenceSplitter({ chunkSize: 256, chunkOverlap: 0 });
  const begun = performance.now();
  const loaded = await new SimpleDirectoryReader().loadData({ directoryPath: documents });
  const nodes = Settings.nodeParser.getNodesFromDocuments(loaded);
  await VectorStoreIndex.init({ nodes });
  return { seconds: (performance.now() - begun) / 1000, chunkCount: nodes.length };
}

const log = console.log;
console.log = () => undefined; // what the libraries say on their way
const measured = await { langchain, llamaindex }[which]();
const peakMb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 1024;
log(JSON.stringify({ ...measured, peakMb }));
await workspace.close();
process.exit();
