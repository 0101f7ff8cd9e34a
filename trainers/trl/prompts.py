"""Rows as tokens, the way that Trilith writes them (src/models/chat-template.ts, tokenizer-folder.ts), and the base's folder."""

import hashlib
import json
import re
from pathlib import Path
from shutil import copyfile

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

BREAK = "\ufdd0"  # put behind the first character of a mark in a message, so that it is none
WHITE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
SPECIALS = ("bos_token", "eos_token", "pad_token", "unk_token")
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja")


class Base:
    """A folder, or a hub's id, which is downloaded once."""

    def __init__(self, name):
        self.name, self.folder = Path(name).name if Path(name).is_dir() else name, Path(name)
        if not self.folder.is_dir():
            from huggingface_hub import snapshot_download

            self.folder = Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.jinja"]))

    def copy_files(self, to):
        for name in FILES:
            if (self.folder / name).exists():
                copyfile(self.folder / name, to / name)

    def fingerprint(self):
        """Of the configuration, the tokenizer and the weights."""
        found = hashlib.sha256()
        for path in sorted({*(self.folder / name for name in FILES), *self.folder.glob("*.safetensors")}):
            if path.exists():
                with path.open("rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
        return f"sha256:{found.hexdigest()}"


def read_json(path):
    return json.loads(path.read_text()) if path.exists() else None


def text_of(token):
    return token["content"] if isinstance(token, dict) else token


class Wording:
    def __init__(self, folder):
        self.whole, self.plain = (Tokenizer.from_file(str(folder / "tokenizer.json")) for _ in range(2))
        self.plain.encode_special_tokens = True
        for each in (self.whole, self.plain):
            each.no_truncation()
            each.no_padding()
        own, model = read_json(folder / "tokenizer_config.json"), read_json(folder / "config.json")
        named = {name: text_of(own[name]) for name in SPECIALS if (own or {}).get(name)}
        generation = read_json(folder / "generation_config.json") or {}
        ends = [*as_list(model.get("eos_token_id")), *as_list(generation.get("eos_token_id"))]
        self.eos = self.whole.token_to_id(named["eos_token"]) if "eos_token" in named else ends[0]
        self.bos = self.bos_of(own, named, model.get("bos_token_id"))
        named.setdefault("eos_token", self.whole.id_to_token(self.eos))
        named.setdefault("pad_token", named["eos_token"])
        self.tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **named)
        template = folder / "chat_template.jinja"
        self.template = template.read_text() if template.exists() else (own or {}).get("chat_template")
        if isinstance(self.template, list):
            self.template = next((each["template"] for each in self.template if each["name"] == "default"), None)
        marks = [each.content for each in self.whole.get_added_tokens_decoder().values() if each.special]
        self.mark = re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))) or r"(?!)")

    def bos_of(self, own, named, configured):
        """What the tokenizer itself puts before a text; without a word on that from it, what the model names."""
        add = (own or {}).get("add_bos_token")
        if add is False:
            return None
        if add is True:
            known = self.whole.token_to_id(named["bos_token"]) if "bos_token" in named else None
            return configured if known is None else known
        bare, whole = (self.whole.encode("a", add_special_tokens=special).ids for special in (False, True))
        if len(whole) > len(bare) and whole[0] != bare[0]:
            return whole[0]
        return None if own else configured

    def encode(self, text):
        return self.plain.encode(text, add_special_tokens=False).ids

    def prompt(self, instruction):
        """Tokens before an answer. A mark in the instruction stays text."""
        begin = [] if self.bos is None else [self.bos]
        if not self.template:
            return begin + self.encode(f"### Instruction:\n{instruction.strip(WHITE)}\n\n### Response:\n")
        broken = self.mark.sub(lambda mark: mark[0][0] + BREAK + mark[0][1:], instruction)
        text = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": broken}], chat_template=self.template, tokenize=False, add_generation_prompt=True
        )
        ids = []
        for i, piece in enumerate(re.split(f"({self.mark.pattern})", text)):
            codec = self.whole if i % 2 else self.plain
            ids += codec.encode(piece.replace(BREAK, ""), add_special_tokens=False).ids
        return ids if ids[:1] == begin else begin + ids

    def sample(self, row, limit):
        """A row's tokens with those to learn; a text to be continued in windows. None without an answer."""
        if not row["answer"].strip(WHITE):
            return None
        answer = self.encode(row["answer"]) + [self.eos]
        before = self.prompt(row["instruction"]) if row["instruction"] else ([] if self.bos is None else [self.bos])
        ids, labels = before + answer, [-100] * len(before) + answer
        if row["instruction"]:
            return [{"input_ids": ids, "labels": labels}]
        starts = range(0, len(ids) - 1, limit - 1)  # the last token of a window begins the next
        return [{"input_ids": ids[at : at + limit], "labels": labels[at : at + limit]} for at in starts]

    def pair(self, row):
        if not row["chosen"].strip(WHITE) or not row["rejected"].strip(WHITE):
            return None
        chosen, rejected = (self.encode(row[side]) + [self.eos] for side in ("chosen", "rejected"))
        return [{"prompt_ids": self.prompt(row["prompt"]), "chosen_ids": chosen, "rejected_ids": rejected}]

    @staticmethod
    def length(one):
        if "input_ids" in one:
            return len(one["input_ids"])
        return len(one["prompt_ids"]) + max(len(one["chosen_ids"]), len(one["rejected_ids"]))


def as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]
