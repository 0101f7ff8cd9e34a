import { describe, expect, it } from "vitest";
import { checkAdapter, fillFromAdapter, mergeAdapter, parseAdapter, toAdapterFiles } from "./lora-adapter.ts";
import { parseSafetensors } from "./safetensors.ts";

const LORA = { r: 2, alpha: 4, targetModules: ["q_proj"] };
const MODULE = "model.layers.0.self_attn.q_proj";
const layout = [
  { name: `${MODULE}.lora_A.weight`, shape: [2, 3], offset: 0 },
  { name: `${MODULE}.lora_B.weight`, shape: [2, 2], offset: 6 },
];
const model = { layout, parameters: Float32Array.of(1, 2, 3, 4, 5, 6, 1, 0, 0, 10) };
const files = toAdapterFiles(model, LORA, "trilith-base");
const json = (name: string) => JSON.parse(new TextDecoder().decode(files.get(name)));
const withConfig = (change: object) =>
  new Map(files).set(
    "adapter_config.json",
    new TextEncoder().encode(JSON.stringify({ ...json("adapter_config.json"), ...change })),
  );

describe("an adapter folder", () => {
  it("has the files, names and settings of PEFT", () => {
    expect([...files.keys()]).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
    expect(json("adapter_config.json")).toMatchObject({
      peft_type: "LORA",
      task_type: "CAUSAL_LM",
      r: 2,
      lora_alpha: 4,
      target_modules: ["q_proj"],
      base_model_name_or_path: "trilith-base",
    });
    const { tensors } = parseSafetensors(files.get("adapter_model.safetensors") ?? new Uint8Array(), "adapter");
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ["base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", [2, 3]],
      ["base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight", [2, 2]],
    ]);
  });

  it("gives back the parameters that it was made of", () => {
    const fresh = { layout, parameters: new Float32Array(10) };
    fillFromAdapter(fresh, parseAdapter(files));
    expect(fresh.parameters).toEqual(model.parameters);
    expect(parseAdapter(files).lora).toEqual(LORA);
  });

  it("merges as W + (alpha / r) B A, and leaves other weights alone", () => {
    const other = Float32Array.of(7);
    const weights = new Map([
      [`${MODULE}.weight`, new Float32Array(6).fill(1)],
      ["other.weight", other],
    ]);
    const merged = mergeAdapter(weights, parseAdapter(files));
    // B A = [[1, 2, 3], [40, 50, 60]].
    expect([...(merged.get(`${MODULE}.weight`) ?? [])]).toEqual([3, 5, 7, 81, 101, 121]);
    expect(merged.get("other.weight")).toBe(other);
  });

  it("refuses a missing file, a foreign tensor and a base of another shape", () => {
    const invalid = expect.objectContaining({ code: "adapter-invalid" });
    expect(() => parseAdapter(new Map([...files].slice(0, 1)))).toThrow("adapter_model.safetensors is missing");
    const name = `${MODULE}.weight`;
    expect(() => mergeAdapter(new Map([[name, new Float32Array(8)]]), parseAdapter(files)).get(name)).toThrow(invalid);
    expect(() => mergeAdapter(new Map(), parseAdapter(files)).get(name)).toThrow(invalid);
    expect(() => checkAdapter(parseAdapter(files), { [name]: [2, 4] })).toThrow(invalid);
    expect(() => checkAdapter(parseAdapter(files), { [name]: [2, 3] })).not.toThrow();
    expect(() => checkAdapter(parseAdapter(files), {})).toThrow(invalid);
    const wide = {
      layout: [{ name: `${MODULE}.lora_A.weight`, shape: [2, 4], offset: 0 }],
      parameters: new Float32Array(8),
    };
    expect(() => fillFromAdapter(wide, parseAdapter(files))).toThrow(invalid);
  });

  it("refuses by name what merging does not compute, and takes what changes nothing", () => {
    const changes = {
      alpha_pattern: { q_proj: 4 },
      bias: "all",
      fan_in_fan_out: true,
      init_lora_weights: "pissa",
      modules_to_save: ["lm_head"],
      rank_pattern: { q_proj: 4 },
      trainable_token_indices: [3],
      use_dora: true,
    };
    for (const [field, value] of Object.entries(changes)) {
      expect(() => parseAdapter(withConfig({ [field]: value }))).toThrow(`its ${field} is ${JSON.stringify(value)}`);
    }
    expect(() => parseAdapter(withConfig({ peft_type: "LOHA" }))).toThrow(
      expect.objectContaining({ code: "invalid-input" }),
    );
    expect(parseAdapter(withConfig({ rank_pattern: {}, modules_to_save: null, alpha_pattern: [] })).lora.r).toBe(2);
  });

  it("keeps dropout, names modules by what it has, and reads a scale by the root of the rank", () => {
    const dropping = toAdapterFiles(model, { ...LORA, dropout: 0.1 }, "base");
    expect(parseAdapter(dropping).lora).toEqual({ ...LORA, dropout: 0.1 });
    for (const target_modules of ["all-linear", ".*q_proj", ["model.layers.0.self_attn.q_proj"]]) {
      expect(parseAdapter(withConfig({ target_modules })).lora.targetModules).toEqual(["q_proj"]);
    }
    const { alpha, r } = parseAdapter(withConfig({ use_rslora: true })).lora;
    expect(alpha / r).toBeCloseTo(4 / Math.sqrt(2), 12);
  });
});
