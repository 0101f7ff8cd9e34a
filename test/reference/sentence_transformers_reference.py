"""Writes src/models/embed/fixtures/: tiny sentence-transformers folders with ONNX graphs and what Python makes of them.

A BERT of random weights (seeded), a WordPiece vocabulary of the words of this file's texts, three folders that differ in
pooling, norm, window and prompts, and the vectors of sentence-transformers itself for each text, for both kinds.

    python3 -m venv venv && venv/bin/pip install torch sentence-transformers onnx
    venv/bin/python test/reference/sentence_transformers_reference.py

Written with sentence-transformers 6.2.0, transformers 5.23.0 and torch 2.15.0.
"""

import json
import shutil
import sys
from pathlib import Path

import onnx
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Dense, Normalize, Pooling, Transformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

OUT = Path(__file__).resolve().parents[2] / "src/models/embed/fixtures"
TEXTS = [
    "Retries hide failures: a queue with retries drains slowly.",
    "The café's bread — crusty, warm — costs 3.50!",
    "parseHTMLDocument(tree)",
    "",
    "bread",
    "queue " * 40,
    "日本 bread and ünknown zyzzyva",
]
FOLDERS = {
    "mean": dict(pooling="mean", normalize=True, max_tokens=24, prompts={}),
    "cls-prompts": dict(pooling="cls", normalize=False, max_tokens=24, prompts={"query": "question: ", "document": "passage: "}),
    "joined": dict(pooling=["max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"], normalize=True, max_tokens=16, prompts={}),
    "dense": dict(pooling="mean", normalize=True, max_tokens=24, prompts={}, dense=[12, 8]),
}


def tokenizer(max_tokens: int) -> PreTrainedTokenizerFast:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = "retries hide failures a queue with drains slowly the cafe s bread crusty warm costs parse question passage and".split()
    characters = list("abcdefghijklmnopqrstuvwxyz0123456789.,:!'()—日本")
    pieces = ["##" + c for c in characters[:36]] + ["##html", "##document", "##tree"]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(special + words + characters + pieces))}
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    core.normalizer = normalizers.BertNormalizer(lowercase=True)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=max_tokens,
    )


class Encoder(torch.nn.Module):
    def __init__(self, bert: BertModel):
        super().__init__()
        self.bert = bert

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.bert(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state


def export(bert: BertModel, path: Path) -> None:
    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.randint(5, 60, (2, 9))
    axes = {name: {0: "batch", 1: "time"} for name in [*names, "last_hidden_state"]}
    torch.onnx.export(
        Encoder(bert), (ids, torch.ones_like(ids), torch.zeros_like(ids)), str(path), input_names=names,
        output_names=["last_hidden_state"], dynamic_axes=axes, opset_version=17, dynamo=False,
    )
    onnx.checker.check_model(str(path))


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    reference = {"texts": TEXTS, "folders": {}}
    for seed, (name, facts) in enumerate(FOLDERS.items()):
        torch.manual_seed(seed)
        folder = OUT / name
        words = tokenizer(facts["max_tokens"])
        config = BertConfig(
            vocab_size=len(words), hidden_size=16, num_hidden_layers=2 if facts["pooling"] == "cls" else 1, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=24, initializer_range=0.25, attn_implementation="eager",
        )
        bert = BertModel(config, add_pooling_layer=False).eval()
        base = OUT / "base"
        bert.save_pretrained(base)
        words.save_pretrained(base)
        transformer = Transformer(str(base), max_seq_length=facts["max_tokens"])
        pooling = Pooling(16, pooling_mode=facts["pooling"])
        sizes = [16, *facts.get("dense", [])]
        activations = [torch.nn.Tanh(), torch.nn.Identity()]
        dense = [Dense(a, b, bias=i == 0, activation_function=activations[i]) for i, (a, b) in enumerate(zip(sizes, sizes[1:]))]
        modules = [transformer, pooling, *dense, *([Normalize()] if facts["normalize"] else [])]
        model = SentenceTransformer(modules=modules, prompts=facts["prompts"], device="cpu")
        model.save(str(folder), create_model_card=False)
        (folder / "model.safetensors").unlink()
        export(bert, folder / "model.onnx")
        embed = lambda encode: [[round(float(x), 7) for x in row] for row in encode(TEXTS, normalize_embeddings=True)]
        reference["folders"][name] = {"query": embed(model.encode_query), "document": embed(model.encode_document)}
        shutil.rmtree(base)
    (OUT / "reference.json").write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    sys.exit(main())
