"""Trains a job of Trilith with TRL and PEFT: supervised (sft) or from preferences (dpo).

    python train.py <folder>

The folder, the lines on stdout, the exit code and SIGTERM are those of docs/trainers.md. Tokens are those of Trilith:
the base's own chat template or Trilith's plain one, and a mark in an author's text is text.
"""

import json
import signal
import sys
from pathlib import Path
from shutil import copyfile, rmtree

from prompts import Base, Wording

if len(sys.argv) != 2:
    sys.exit("usage: train.py <the job's folder>")
JOB = Path(sys.argv[1])
CONFIG = json.loads((JOB / "config.json").read_text())
METHOD, KEYS = CONFIG["method"], dict(CONFIG["hyperparameters"])
CHECKPOINTS, OUTPUT = JOB / "checkpoints", JOB / "output"

import torch  # noqa: E402  (a wrong call is answered before this takes its seconds)
from datasets import Dataset  # noqa: E402
from peft import LoraConfig, PeftModel  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import AutoConfig, AutoModelForCausalLM, PrinterCallback  # noqa: E402
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer  # noqa: E402
from watch import Looks, Watch, log  # noqa: E402

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
DEFAULTS = dict(
    num_train_epochs=3, per_device_train_batch_size=8, gradient_accumulation_steps=1, gradient_checkpointing=False,
    learning_rate=None, lr_scheduler_type="cosine", warmup_steps=None, warmup_ratio=0.05, weight_decay=0.01,
    adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8, max_grad_norm=1.0, max_steps=None, max_minutes=None,
    max_seq_length=256, packing=False, use_peft=True, lora_r=16, lora_alpha=32, lora_dropout=0.0,
    lora_target_modules=PROJECTIONS, eval_steps=None, early_stopping_patience=3, max_eval_rows=64, save_steps=None,
    save_minutes=10, save_total_limit=2, resume_from_checkpoint=None, seed=42, is_dummy=False, beta=0.1, rpo_alpha=0.0,
    chosen_patience=3, force=False,
)
IGNORED = {"sample_every_seconds", "sample_prompt"}
SMALL = 100e6  # parameters; docs/training.md
DUMMY_STEPS = 20


def read_keys():
    unknown = sorted(set(KEYS) - set(DEFAULTS) - IGNORED)
    if unknown:
        sys.exit(f"config.json has {', '.join(unknown)}; known are {', '.join(sorted(DEFAULTS))}")
    keys = {**DEFAULTS, **KEYS}
    ignored = sorted(IGNORED & set(KEYS))
    if METHOD == "dpo":
        ignored += [name for name in ("packing", "lora_dropout") if keys[name]]
        keys.update(packing=False, lora_dropout=0.0)
    if (JOB / "adapter/adapter_config.json").exists() and CONFIG["adapter"]:
        ignored += [f"{name} (the adapter's own counts)" for name in sorted(KEYS) if name.startswith("lora_")]
    if ignored:
        log(f"ignored here: {', '.join(ignored)}")
    if keys["is_dummy"]:
        log(f"is_dummy is true: one epoch, at most {DUMMY_STEPS} steps")
        keys.update(num_train_epochs=1, max_steps=min(DUMMY_STEPS, keys["max_steps"] or DUMMY_STEPS))
    return keys


def rows_of(name, wording, limit):
    """Rows as tokens; those without an answer and those longer than a row are left out, and counted."""
    rows = [json.loads(line) for line in (JOB / f"dataset/{name}.jsonl").read_text().split("\n") if line]
    read = wording.pair if METHOD == "dpo" else lambda row: wording.sample(row, limit)
    found = [read(row) for row in rows]
    kept = [one for many in found if many for one in many if wording.length(one) <= limit]
    empty, long = sum(many is None for many in found), sum(map(len, filter(None, found))) - len(kept)
    if empty or long:
        log(f"{name}: {empty} rows without an answer and {long} longer than {limit} tokens are left out")
    if not kept:
        sys.exit(f"{name}: none of {len(rows)} rows can be trained on; expected answers of at most {limit} tokens")
    return kept


def load_base(folder):
    """The base with its weights, also where Trilith has stored matrices as 8-bit rows with a scale each."""
    dtype = torch.bfloat16 if torch.cuda.is_available() and keys["use_peft"] else torch.float32
    checkpoint = folder / "model.safetensors"
    stored = load_file(checkpoint) if checkpoint.exists() else {}
    if not any(tensor.dtype == torch.int8 for tensor in stored.values()):
        return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), dtype=dtype)
    model.load_state_dict(
        {name: each * stored[f"{name}_scale"] if each.dtype == torch.int8 else each
         for name, each in stored.items() if not name.endswith("_scale")},
        strict=not model.config.tie_word_embeddings,
    )
    return model


def load_model(base):
    """What training starts from: the base, the files to go on from, or both."""
    adapter = JOB / CONFIG["adapter"] if CONFIG["adapter"] else None
    if adapter is None:
        return load_base(base)
    if not (adapter / "adapter_config.json").exists():
        return load_base(adapter)
    model = PeftModel.from_pretrained(load_base(base), adapter, is_trainable=keys["use_peft"])
    return model if keys["use_peft"] else model.merge_and_unload()


class TokenMean:
    """The held-out loss as nats a token over all rows, where the Trainer has the mean of its batches' means."""

    def compute_loss(self, model, inputs, *args, **kwargs):
        count = (inputs["labels"][:, 1:] != -100).sum().item() if not model.training else 0
        result = super().compute_loss(model, inputs, *args, **kwargs)
        if not model.training:
            self.held.append((count, (result[0] if isinstance(result, tuple) else result).item()))
        return result

    def evaluation_loop(self, *args, **kwargs):
        self.held = []
        output = super().evaluation_loop(*args, **kwargs)
        output.metrics["eval_loss"] = sum(n * loss for n, loss in self.held) / sum(n for n, _ in self.held)
        return output


class Sft(TokenMean, SFTTrainer):
    pass


class Dpo(DPOTrainer):
    def _prepare_dataset(self, dataset, *_args, **_kwargs):
        return dataset  # tokens already


def newest_checkpoint():
    """The newest whole one: its state is written last."""
    given = Path(keys["resume_from_checkpoint"]) if keys["resume_from_checkpoint"] else None
    for folder in filter(None, (CHECKPOINTS, given)):
        found = [path.parent for path in [*folder.glob("checkpoint-*/trainer_state.json"), *folder.glob("trainer_state.json")]
                 if is_json(path)]
        if found:
            return str(max(found, key=lambda path: int(path.name.split("-")[-1])))
    if given:
        sys.exit(f"resume_from_checkpoint is {given}, and no whole checkpoint is there")
    return None


def is_json(path):
    try:
        return bool(json.loads(path.read_text()))
    except ValueError:
        return False


def arguments(parameter_count, resumed):
    rate = 5e-6 if METHOD == "dpo" else (3e-3 if parameter_count < SMALL else 3e-4) / (1 if keys["use_peft"] else 10)
    same = ("num_train_epochs per_device_train_batch_size gradient_accumulation_steps gradient_checkpointing "
            "lr_scheduler_type weight_decay adam_beta1 adam_beta2 adam_epsilon max_grad_norm save_total_limit seed").split()
    shared = dict(
        {name: keys[name] for name in same},
        output_dir=str(CHECKPOINTS), max_length=limit, learning_rate=keys["learning_rate"] or rate,
        max_steps=keys["max_steps"] or -1, per_device_eval_batch_size=keys["per_device_train_batch_size"],
        warmup_steps=min(keys["warmup_ratio"], 1 - 1e-9) if keys["warmup_steps"] is None else keys["warmup_steps"],
        save_strategy="steps" if keys["save_steps"] else "no", save_steps=keys["save_steps"] or 500,
        eval_on_start=not resumed, logging_steps=1, logging_nan_inf_filter=False, disable_tqdm=True, report_to=[],
        bf16=torch.cuda.is_available() and torch.cuda.is_bf16_supported(), use_cpu=not torch.cuda.is_available(),
    )
    if METHOD == "sft":
        return SFTConfig(**shared, packing=keys["packing"], eval_packing=False)
    rpo = dict(loss_type=["sigmoid", "sft"], loss_weights=[1.0, keys["rpo_alpha"]]) if keys["rpo_alpha"] else {}
    return DPOConfig(**shared, beta=keys["beta"], **rpo)


def write_output(base, ended, state):
    model = OUTPUT / "model"
    rmtree(model, ignore_errors=True)
    model.mkdir(parents=True)
    for path in [*watch.best.glob("*.safetensors"), *watch.best.glob("*.index.json"), *watch.best.glob("adapter_config.json")]:
        copyfile(path, model / path.name)
    if keys["use_peft"]:
        settings = json.loads((model / "adapter_config.json").read_text())
        settings.update(base_model_name_or_path=base.name, target_modules=sorted(settings["target_modules"]))
        (model / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    else:
        base.copy_files(model)
    losses = [logs["loss"] for logs in state.log_history if "loss" in logs]
    best = Looks(state, keys).best
    rewards = {name.removeprefix("eval_"): best[name] for name in best if name.startswith(("eval_rewards/", "eval_logps/"))}
    metrics = {"validation_loss": best["eval_loss"], **({"final_train_loss": losses[-1]} if losses else {}), **rewards}
    result = {"kind": "lora" if keys["use_peft"] else "full", "ended": ended, "metrics": metrics}
    if CONFIG.get("isOtherBase"):
        result["base"] = {"name": base.name, "fingerprint": base.fingerprint()}
    (OUTPUT / "result.json").write_text(json.dumps(result, indent=2) + "\n")


keys = read_keys()
base = Base(CONFIG["base"])
wording = Wording(base.folder)
limit = min(keys["max_seq_length"], AutoConfig.from_pretrained(base.folder).max_position_embeddings)
train, validation = (rows_of(name, wording, limit) for name in ("train", "validation"))
model = load_model(base.folder)
count = model.num_parameters()
if METHOD == "dpo" and count < SMALL and not keys["force"]:
    sys.exit(f"{base.name} has {count} parameters; expected {SMALL:.0f} for dpo. Take a larger base, or force: true")
fresh = keys["use_peft"] and not isinstance(model, PeftModel)
lora = LoraConfig(r=keys["lora_r"], lora_alpha=keys["lora_alpha"], lora_dropout=keys["lora_dropout"],
                  target_modules=keys["lora_target_modules"], task_type="CAUSAL_LM") if fresh else None
resumed = newest_checkpoint()
watch = Watch(keys, CHECKPOINTS)
setting = dict(
    model=model, args=arguments(count, resumed), train_dataset=Dataset.from_list(train),
    eval_dataset=Dataset.from_list(validation[: keys["max_eval_rows"]]), processing_class=wording.tokenizer,
    peft_config=lora, callbacks=[watch],
)
if METHOD == "sft":
    trainer = Sft(**setting)
else:  # an adapter is its own reference: TRL keeps a frozen copy of it; without LoRA the model is loaded twice
    trainer = Dpo(**setting, ref_model=None if keys["use_peft"] else load_model(base.folder))
trainer.remove_callback(PrinterCallback)
if resumed:
    log(f"going on from {resumed}")
trainer.train(resume_from_checkpoint=resumed)
if watch.stopped:
    log(f"stopped at step {trainer.state.global_step}; saved")
    sys.exit(128 + signal.SIGTERM)
write_output(base, watch.ended, trainer.state)
