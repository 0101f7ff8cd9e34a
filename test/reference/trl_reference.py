"""Losses of TRL and PEFT that src/training/trl-parity.test.ts compares with, in float64 on the CPU.

Versions: torch 2.15, transformers 5.23, peft 0.21.2, trl 1.16.
    node test/reference/trl-inputs.ts /tmp/trl-inputs
    python test/reference/trl_reference.py /tmp/trl-inputs test/reference/trl-reference.json
"""

import json
import sys
from pathlib import Path

import torch
from datasets import Dataset
from peft import PeftModel
from torch.utils.data import SequentialSampler
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

folder = Path(sys.argv[1])
sequences = json.loads((folder / "sequences.json").read_text())
tokenizer = PreTrainedTokenizerFast(
    tokenizer_file=str(folder / "base/tokenizer.json"), bos_token="<bos>", eos_token="<eos>", pad_token="<pad>"
)
SHARED = dict(
    output_dir="/tmp/trl-reference", use_cpu=True, bf16=False, fp16=False, report_to=[], logging_steps=1,
    save_strategy="no", num_train_epochs=1, per_device_train_batch_size=2, disable_tqdm=True, max_length=48,
    gradient_checkpointing=False,
)


def open_model():
    base = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float64, attn_implementation="eager")
    model = PeftModel.from_pretrained(base, folder / "adapter", is_trainable=True, autocast_adapter_dtype=False)
    return model.double()


class InOrder:
    def _get_train_sampler(self, *_args, **_kwargs):
        return SequentialSampler(self.train_dataset)


class Sft(InOrder, SFTTrainer):
    pass


class Dpo(InOrder, DPOTrainer):
    def _prepare_dataset(self, dataset, *_args, **_kwargs):
        return dataset


class Keep(TrainerCallback):
    def __init__(self):
        self.logs = []

    def on_log(self, _args, _state, _control, logs=None, **_kwargs):
        if "loss" in logs:
            self.logs.append({key: value for key, value in logs.items() if isinstance(value, (int, float))})


def train(trainer_class, config, rows):
    keep = Keep()
    trainer = trainer_class(
        model=open_model(), args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer, callbacks=[keep]
    )
    trainer.train()
    return keep.logs


sft_rows = [
    {
        "input_ids": row["prompt"] + row["chosen"],
        "completion_mask": [0] * len(row["prompt"]) + [1] * len(row["chosen"]),
    }
    for row in sequences
]
dpo_rows = [{"prompt_ids": r["prompt"], "chosen_ids": r["chosen"], "rejected_ids": r["rejected"]} for r in sequences]

sft = dict(SHARED, gradient_accumulation_steps=2, learning_rate=5e-3, lr_scheduler_type="linear", warmup_steps=4,
           weight_decay=0.05, max_grad_norm=0.5, completion_only_loss=True, packing=False)
dpo = dict(SHARED, gradient_accumulation_steps=2, learning_rate=2e-3, lr_scheduler_type="cosine", warmup_steps=3,
           weight_decay=0.01, max_grad_norm=1.0, beta=0.3)
rpo = dict(dpo, gradient_accumulation_steps=1, max_steps=20, loss_type=["sigmoid", "sft"], loss_weights=[1.0, 0.5],
           adam_beta2=0.95, lr_scheduler_type="constant_with_warmup")
result = {
    "sft": train(Sft, SFTConfig(**sft), sft_rows),
    "dpo": train(Dpo, DPOConfig(**dpo), dpo_rows),
    "rpo": train(Dpo, DPOConfig(**rpo), dpo_rows),
}
KEPT = ("loss", "grad_norm", "learning_rate", "rewards/", "logps/")
for name, logs in result.items():
    result[name] = [{key: log[key] for key in log if key.startswith(KEPT)} for log in logs]
Path(sys.argv[2]).write_text(json.dumps(result, indent=1) + "\n")
