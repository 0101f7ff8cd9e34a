/** What a project's `trilith.config.ts` may say. Everything has an embedded default; switching is a line here. */

import type { EmbeddingModelV4, LanguageModelV4 } from "@ai-sdk/provider";
import type { FeatureExpectations } from "./features.ts";
import type { TrainerConfig } from "./training.ts";

export type Engine = "local" | "dbos";

/** An embedding model of the AI SDK with settings. */
export interface EmbeddingProvider {
  readonly model: EmbeddingModelV4;
  /** The longest text in pieces of words and signs. Default 256. */
  readonly maxInputTokens?: number;
  /** Asked of models that give vectors of several lengths. */
  readonly dimensions?: number;
  /** Default 4. */
  readonly maxParallelCalls?: number;
  /** Of one call that may succeed later. Default 4. */
  readonly maxRetries?: number;
}

/** An embedding model on disk. */
export interface EmbeddingFolder {
  /** As sentence-transformers saves it with an ONNX graph in it, or as `trilith embedder distill` wrote it. */
  readonly folder: string;
  /** The graph's file in the folder, where it is not `onnx/model.onnx` or `model.onnx`. */
  readonly graph?: string;
}

export interface TrilithConfig {
  /** Where everything is kept, from the project's folder. Default `.trilith`. */
  readonly workspace?: string;
  /**
   * Where runs go: driven in the process that starts them, or on workers that share a PostgreSQL (TRILITH_DATABASE_URL).
   * TRILITH_ENGINE comes before it. Default `local`.
   */
  readonly engine?: Engine;
  /** A model that follows instructions, for generated answers: of the AI SDK, or any OpenAI-compatible endpoint. */
  readonly chatModel?: LanguageModelV4 | { readonly baseUrl: string; readonly model: string; readonly apiKey?: string };
  /**
   * `lsa`, the default: latent semantic analysis, fitted on the corpus. `static`: the fixed embedder that comes with the
   * package. Or a model of the AI SDK, or a folder of a model.
   */
  readonly embeddingModel?: EmbeddingModelV4 | EmbeddingProvider | EmbeddingFolder | "lsa" | "static";
  /** Where the index is: a Qdrant server in place of LanceDB in the workspace's folder. QDRANT_URL comes before it. */
  readonly vectors?: {
    readonly qdrant: {
      /** With the port; without one, 6333. */
      readonly url: string;
      /** Default: QDRANT_API_KEY. */
      readonly apiKey?: string;
      /** Begins the names of the collections, and ends with a hyphen. Default: one that only this workspace has. */
      readonly prefix?: string;
      /** Smaller vectors in memory. Default: whole ones. */
      readonly quantization?: "int8" | "binary";
    };
  };
  /**
   * What is trained and what answers: a folder with `config.json`, `tokenizer.json` and `model.safetensors` or its
   * shards, or a model of a hub such as `HuggingFaceTB/SmolLM2-135M`, with `@revision` or without. TRILITH_BASE_MODEL
   * comes before it. Default: the base that comes with the package.
   */
  readonly baseModel?: string;
  /** Where models of a hub come from and are kept. */
  readonly hub?: {
    /** HF_ENDPOINT comes before it. Default: Hugging Face's. */
    readonly endpoint?: string;
    /** For models that are not open to everybody. HF_TOKEN comes before it. */
    readonly token?: string;
    /** Default: `models` in the workspace's folder. */
    readonly cacheFolder?: string;
  };
  /**
   * How a voice holds its weights when it writes: as 32-bit floats, the default, or matrices as 8-bit integers, which take
   * a quarter of the memory, write faster and predict a little worse. Training always computes in floats.
   */
  readonly voicePrecision?: "float32" | "int8";
  /**
   * `local`, the default: this process. `{ command: [...] }`: a program. `{ openai: { model } }`: a service with OpenAI's
   * fine-tuning jobs. docs/trainers.md says how each of them is used.
   */
  readonly trainer?: TrainerConfig;
  /** Hosts that may be collected from although their addresses are private: your intranet, a test server. */
  readonly allowedHosts?: readonly string[];
  /** What rows of features must be like, besides what holds for everybody: `chunks`, `cleaned_documents`. */
  readonly featureExpectations?: FeatureExpectations;
  /** Manners of collecting from the web. */
  readonly web?: WebConfig;
}

export interface WebConfig {
  /** Between two requests to a host; a longer one that its robots.txt asks for comes first. Default 500. */
  readonly delayMs?: number;
  /** Of one request, after the first. Default 3. */
  readonly maxRetries?: number;
  /** Of one answer with its body. Default 30,000. */
  readonly timeoutMs?: number;
  /** Hosts whose robots.txt is not asked for: your own. */
  readonly ignoreRobotsOf?: readonly string[];
  readonly userAgent?: string;
  /** Chromium or Chrome for pages that are empty until their scripts have run; needs the library playwright-core. */
  readonly browser?: {
    readonly executablePath: string;
    /** Default true; Chromium has none when it runs as root. */
    readonly sandbox?: boolean;
  };
}

/** Types a configuration, for the editor. */
export function defineConfig(config: TrilithConfig): TrilithConfig {
  return config;
}
