"""The greedy continuation of a llama2.c checkpoint, written after run.c in numpy float32: writes llama2c.json.

    python test/reference/llama2c_reference.py
    (Python 3.12, numpy; reads ../shared/data/models/stories260k)

Independent of the package: neighbours are rotated together, pieces are joined by score, as run.c does.
"""

import hashlib
import json
import pathlib
import struct

import numpy as np

ROOT = pathlib.Path(__file__).parent.parent.parent
FOLDER = ROOT.parent / "shared" / "data" / "models" / "stories260k"
PROMPTS = ["", "Once upon a time", "Tom had a big red ball. He", "Zoë's café, 3 o'clock!\n"]
STEPS = 160


def read_checkpoint():
    content = (FOLDER / "checkpoint_legacy.bin").read_bytes()
    dim, hidden, layers, heads, kv, vocabulary, context = struct.unpack("7i", content[:28])
    at = 28

    def take(*shape):
        nonlocal at
        size = int(np.prod(shape))
        array = np.frombuffer(content, np.float32, size, at).reshape(shape)
        at += 4 * size
        return array

    shared, vocabulary = vocabulary > 0, abs(vocabulary)
    size = dim // heads
    w = dict(
        embed=take(vocabulary, dim), att=take(layers, dim), wq=take(layers, dim, dim), wk=take(layers, kv * size, dim),
        wv=take(layers, kv * size, dim), wo=take(layers, dim, dim), ffn=take(layers, dim), w1=take(layers, hidden, dim),
        w2=take(layers, dim, hidden), w3=take(layers, hidden, dim), final=take(dim))
    at += 4 * context * size
    w["head"] = w["embed"] if shared else take(vocabulary, dim)
    assert at == len(content)
    return w, (dim, layers, heads, kv, vocabulary, context)


def read_tokenizer(vocabulary):
    content = (FOLDER / "tokenizer.bin").read_bytes()
    pieces, scores, at = [], [], 4
    for _ in range(vocabulary):
        score, length = struct.unpack("fi", content[at:at + 8])
        pieces.append(content[at + 8:at + 8 + length])
        scores.append(score)
        at += 8 + length
    return pieces, scores


def encode(text, pieces, scores):
    ids_of = {piece: i for i, piece in reversed(list(enumerate(pieces)))}
    tokens = [1]
    if text:
        tokens.append(ids_of[b" "])
    for character in text:
        piece = character.encode()
        tokens += [ids_of[piece]] if piece in ids_of else [byte + 3 for byte in piece]
    while True:
        best = (-1e10, None, None)
        for i in range(len(tokens) - 1):
            joined = ids_of.get(pieces[tokens[i]] + pieces[tokens[i + 1]])
            if joined is not None and scores[joined] > best[0]:
                best = (scores[joined], i, joined)
        if best[1] is None:
            return tokens
        tokens[best[1]:best[1] + 2] = [best[2]]


def norm(x, gain):
    return gain * (x / np.sqrt(np.mean(x * x) + np.float32(1e-5)))


def rotate(x, position, size):
    for i in range(0, len(x), 2):
        angle = position * (1.0 / 10000.0 ** ((i % size) / size))
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        x[i], x[i + 1] = x[i] * c - x[i + 1] * s, x[i] * s + x[i + 1] * c
    return x


def forward(token, position, w, shape, cache):
    dim, layers, heads, kv, _, _ = shape
    size = dim // heads
    x = w["embed"][token].copy()
    for layer in range(layers):
        h = norm(x, w["att"][layer])
        q, k, v = rotate(w["wq"][layer] @ h, position, size), rotate(w["wk"][layer] @ h, position, size), w["wv"][layer] @ h
        cache[layer].append((k, v))
        mixed = np.zeros(dim, np.float32)
        for head in range(heads):
            mine, theirs = slice(head * size, (head + 1) * size), head // (heads // kv)
            part = slice(theirs * size, (theirs + 1) * size)
            scores = np.array([q[mine] @ key[part] for key, _ in cache[layer]], np.float32) / np.sqrt(np.float32(size))
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            mixed[mine] = sum(share * value[part] for share, (_, value) in zip(shares, cache[layer]))
        x = x + w["wo"][layer] @ mixed
        h = norm(x, w["ffn"][layer])
        gate = w["w1"][layer] @ h
        x = x + w["w2"][layer] @ (gate / (1 + np.exp(-gate)) * (w["w3"][layer] @ h))
    return w["head"] @ norm(x, w["final"])


def main():
    w, shape = read_checkpoint()
    pieces, scores = read_tokenizer(shape[4])
    runs = []
    for prompt in PROMPTS:
        ids, cache, margins = encode(prompt, pieces, scores), [[] for _ in range(shape[1])], []
        given = len(ids)
        for position in range(STEPS):
            logits = forward(ids[position], position, w, shape, cache)
            if position + 1 < len(ids):
                continue
            ordered = np.sort(logits)
            margins.append(float(ordered[-1] - ordered[-2]))
            ids.append(int(np.argmax(logits)))
            if ids[-1] in (1, 2):
                break
        text = b"".join(pieces[i] for i in ids[given:] if i > 2).decode("utf-8", "replace")
        runs.append({"prompt": prompt, "promptIds": ids[:given], "ids": ids[given:], "text": text, "smallestMargin": min(margins)})
        print(repr(text[:200]), min(margins))
    files = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in ("checkpoint_legacy.bin", "tokenizer.bin")}
    out = ROOT / "test" / "reference" / "llama2c.json"
    out.write_text(json.dumps({"files": files, "runs": runs}, indent=1) + "\n")


main()
