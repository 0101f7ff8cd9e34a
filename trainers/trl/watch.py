"""What watches a run: says its numbers, keeps the best parameters, ends it. Names are those of docs/trainers.md."""

import json
import math
import signal
import sys
import time
from shutil import rmtree

from peft import PeftModel
from transformers import TrainerCallback

FALL_NATS = 1e-3  # what rounding alone may take from an answer's log-probability
NOT_SAID = ("step", "epoch", "train_", "total_flos", "eval_runtime", "eval_samples_per", "eval_steps_per")


def log(text):
    print(text, flush=True)


def say(metric, value, step):
    log(json.dumps({"metric": metric, "value": value, "step": step}))


class Watch(TrainerCallback):
    """Says what is measured, keeps the best parameters, and ends the run when it is time to."""

    def __init__(self, keys, folder):
        self.keys, self.best, self.part = keys, folder / "best", folder / "best.part"
        self.ended, self.stopped = "completed", False

    def on_train_begin(self, args, state, control, **_):
        self.begun = self.saved = time.monotonic()
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopped", True))
        for logs in state.log_history:  # of the steps before it was killed, so that the curve is whole
            self.on_log(args, state, control, logs=logs)
        per_epoch = state.max_steps / max(1, state.num_train_epochs)
        self.every = self.keys["eval_steps"] or max(1, min(math.ceil(state.max_steps / 10), math.ceil(per_epoch / 2)))

    def on_log(self, _args, state, _control, logs, **_):
        step = logs.get("step", state.global_step)
        for name, value in logs.items():
            if name == "loss" and not math.isfinite(value):
                sys.exit(f"the loss is {value} at step {step}; lower learning_rate, and run again")
            if not name.startswith(NOT_SAID) and math.isfinite(value):
                say("train_loss" if name == "loss" else name.replace("eval_", "validation_"), value, step)

    def on_step_end(self, _args, state, control, **_):
        log(json.dumps({"progress": state.global_step, "of": state.max_steps}))
        now = time.monotonic()
        if state.global_step % self.every == 0 or state.global_step == state.max_steps:
            control.should_evaluate = True
        if self.keys["max_minutes"] and now - self.begun > 60 * self.keys["max_minutes"]:
            control.should_evaluate = control.should_training_stop = True
            self.ended = "time"
        if not self.keys["save_steps"] and now - self.saved > 60 * self.keys["save_minutes"]:
            control.should_save = True
        if self.stopped:
            control.should_save = control.should_training_stop = True
            control.should_evaluate = state.global_step == state.max_steps

    def on_save(self, *_args, **_):
        self.saved = time.monotonic()

    def on_evaluate(self, _args, state, control, model, **_):
        looks = Looks(state, self.keys)
        if looks.best is looks.all[-1]:
            self.keep(model)
        if 0 < self.keys["early_stopping_patience"] <= looks.since_best:
            control.should_training_stop, self.ended = True, "early-stop"
        if 0 < self.keys["chosen_patience"] <= looks.since_allowed:
            control.should_training_stop, self.ended = True, "chosen-fell"

    def keep(self, model):
        """Whole or not at all, whenever the process ends."""
        rmtree(self.part, ignore_errors=True)
        chosen = {"selected_adapters": ["default"]} if isinstance(model, PeftModel) else {}
        model.save_pretrained(self.part, **chosen)
        rmtree(self.best, ignore_errors=True)
        self.part.rename(self.best)


class Looks:
    """The looks at the held-out rows so far, from what the Trainer keeps in its checkpoints."""

    def __init__(self, state, keys):
        least = -FALL_NATS * keys["beta"] if keys["chosen_patience"] else -math.inf
        self.all = [logs for logs in state.log_history if "eval_loss" in logs]
        # Only where chosen answers are as likely as they were; sft has none.
        allowed = [look for look in self.all if look.get("eval_rewards/chosen", 0.0) >= least]
        self.best = min(allowed, key=lambda look: look["eval_loss"], default=None)
        self.since_best, self.since_allowed = (
            len(self.all) - 1 - self.all.index(look) if look else len(self.all)
            for look in (self.best, allowed[-1] if allowed else None)
        )
