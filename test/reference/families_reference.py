"""Tiny random checkpoints of each family and the logits that transformers gives for them, in test/fixtures/families/.

    python test/reference/families_reference.py
    (Python 3.12, torch 2.15.0, transformers 5.23.0, safetensors)

Weights are drawn, rounded to the type that they are stored in, and widened to float64, in which the logits are
computed (rotary angles are float32 in transformers whatever the model's type). `save_pretrained` writes the folders;
two configurations are then rewritten as older releases wrote them.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import (
    LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config,
    Qwen3ForCausalLM,
)

OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "families"
TOKENS = 24
SIZES = dict(
    vocab_size=100, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2,
)
LLAMA3 = dict(
    rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=16,
)
QWEN2_WINDOWS = dict(use_sliding_window=True, sliding_window=6, max_window_layers=1)


def families():
    """Name, configuration, class, stored type, size of a shard."""
    yield "llama-3", LlamaConfig(**SIZES, rope_parameters=LLAMA3), LlamaForCausalLM, torch.float32, "40kB"
    yield ("llama-biased", LlamaConfig(
        **SIZES, attention_bias=True, mlp_bias=True, rope_parameters=dict(rope_type="linear", factor=2.0, rope_theta=1e4),
    ), LlamaForCausalLM, torch.float16, "1GB")
    yield ("smollm2", LlamaConfig(
        **SIZES, tie_word_embeddings=True, rms_norm_eps=1e-5, rope_parameters=dict(rope_type="default", rope_theta=1e5),
    ), LlamaForCausalLM, torch.bfloat16, "1GB")
    yield "mistral", MistralConfig(**SIZES, head_dim=16, sliding_window=8), MistralForCausalLM, torch.bfloat16, "1GB"
    yield ("qwen2", Qwen2Config(**SIZES, **QWEN2_WINDOWS, tie_word_embeddings=True),
           Qwen2ForCausalLM, torch.bfloat16, "1GB")
    yield ("qwen3", Qwen3Config(**SIZES, head_dim=16, tie_word_embeddings=True, rope_parameters=dict(
        rope_type="default", rope_theta=1e6)), Qwen3ForCausalLM, torch.bfloat16, "16kB")


def draw(model, seed):
    """Weights far larger than at the start of training, so that a wrong graph gives visibly other numbers."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            mean = 1.0 if "norm" in name else 0.0
            parameter.copy_(mean + 0.25 * torch.randn(parameter.shape, generator=generator))


def as_older_releases(folder, **fields):
    """rope_theta and rope_scaling, its kind named `type`, torch_dtype; fields at their defaults left out."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config.update(rope_theta=rope.pop("rope_theta"), torch_dtype=config.pop("dtype"), **fields)
    kind = rope.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else {"type": kind, **rope}
    for field in ("layer_types", "attention_bias") if "qwen" in config["model_type"] else ():
        config.pop(field, None)
    path.write_text(json.dumps(config, indent=2) + "\n")


def main():
    expected = {}
    for seed, (name, config, kind, dtype, shard) in enumerate(families()):
        torch.manual_seed(seed)
        model = kind(config)
        draw(model, seed)
        model = model.to(dtype)
        folder = OUT / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*"):
            old.unlink()
        model.save_pretrained(folder, max_shard_size=shard)
        (folder / "generation_config.json").unlink(missing_ok=True)
        ids = torch.randint(3, SIZES["vocab_size"], (1, TOKENS), generator=torch.Generator().manual_seed(100 + seed))
        ids[0, 0] = 1
        with torch.no_grad():
            # Read anew: a model that is cast has its rotary frequencies cast as well.
            reread = kind.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager")
            logits = reread(ids).logits[0]
        expected[f"{name}.logits"] = logits.float().contiguous()
        expected[f"{name}.ids"] = ids[0].float()
    as_older_releases(OUT / "llama-biased")
    as_older_releases(OUT / "qwen2")
    save_file(expected, OUT / "expected.safetensors")


main()
