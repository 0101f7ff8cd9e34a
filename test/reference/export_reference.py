"""Logits of PEFT and transformers for exported models: adds `peft`, `transformers` and `made_by_peft` to test/fixtures/export-reference.json.

    python test/reference/export_reference.py FOLDER      (after export-models.ts; torch 2.15, transformers 5.23, peft 0.21)
"""

import base64
import json
import pathlib
import sys
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = pathlib.Path(sys.argv[1])
path = pathlib.Path(__file__).parent.parent / "fixtures" / "export-reference.json"
reference = json.loads(path.read_text()) if path.exists() else {}
TEXT = "The model writes 3 words, then the rest of the 42 others: it's done.\n"
reference["text"] = TEXT


def logits(model, ids):
    with torch.no_grad():
        last = model.double()(torch.tensor([ids])).logits[0, -1]
    return [round(value, 5) for value in last.tolist()]


def load(name):
    return AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32)


for family in sorted(each.name for each in folder.iterdir()):
    base = folder / family / "base"
    ids = AutoTokenizer.from_pretrained(base).encode(TEXT)
    result = reference.setdefault("families", {}).setdefault(family, {})
    result["ids"] = ids
    result["base"] = logits(load(base), ids)
    ours = PeftModel.from_pretrained(load(base), folder / family / "peft-f32")
    assert ours.peft_config["default"].lora_dropout == 0.05
    result["peft"] = logits(ours, ids)
    merged = folder / family / "safetensors-f32"
    assert AutoTokenizer.from_pretrained(merged).encode(TEXT) == ids
    result["transformers"] = logits(load(merged), ids)
    result["transformers_bf16"] = logits(AutoModelForCausalLM.from_pretrained(folder / family / "safetensors-bf16", dtype="auto"), ids)

torch.manual_seed(7)
settings = LoraConfig(r=2, lora_alpha=6, target_modules=r".*\.(q_proj|down_proj)", lora_dropout=0.1, use_rslora=True, task_type="CAUSAL_LM")
made = get_peft_model(load(folder / "llama" / "base"), settings)
for name, parameter in made.named_parameters():
    if "lora_B" in name:
        torch.nn.init.normal_(parameter, std=0.2)
made.eval()
with tempfile.TemporaryDirectory() as saved:
    made.save_pretrained(saved)
    files = {each.name: base64.b64encode(each.read_bytes()).decode() for each in pathlib.Path(saved).iterdir() if each.name.startswith("adapter")}
reference["made_by_peft"] = {"files": files, "logits": logits(made, reference["families"]["llama"]["ids"])}
path.write_text(json.dumps(reference, separators=(",", ":")) + "\n")
