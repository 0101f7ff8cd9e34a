"""Training steps of a Llama-shaped model in PyTorch eager on the CPU, one for every line on standard input.

    python bench/peers/torch_training.py '{"vocabulary": 49152, "hidden": 576, "inner": 1536, "layers": 30, "heads": 9,
        "kvHeads": 3, "headSize": 64, "batch": 4, "time": 256, "rank": 8, "threads": 2}'

Each line names a precision, `float32` or `bfloat16`; the answer is a line {"seconds": ...} for forward, backward and a
fused AdamW update. `rank` 0 trains all weights. Tuned as far as eager PyTorch goes: fused attention (causal, grouped),
fused normalisation, no copies of frozen weights, oneDNN and MKL as the wheel brings them, memory kept between steps
(glibc's MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_, set by whoever starts this).
"""

import json
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

shape = json.loads(sys.argv[1])
torch.set_num_threads(shape["threads"])
torch.manual_seed(1)
HIDDEN, HEADS, KV, SIZE, RANK = (shape[key] for key in ("hidden", "heads", "kvHeads", "headSize", "rank"))


class Linear(nn.Module):
    def __init__(self, into, out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, into) * 0.02, requires_grad=RANK == 0)
        if RANK:
            self.a = nn.Parameter((torch.rand(RANK, into) * 2 - 1) / math.sqrt(into))
            self.b = nn.Parameter(torch.zeros(out, RANK))

    def forward(self, x):
        y = F.linear(x, self.weight)
        return y + F.linear(F.linear(x, self.a), self.b) * 2.0 if RANK else y


def rotate(x, cosine, sine):
    half = x.shape[-1] // 2
    return x * cosine + torch.cat([-x[..., half:], x[..., :half]], -1) * sine


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = Linear(HIDDEN, HEADS * SIZE), Linear(HIDDEN, KV * SIZE), Linear(HIDDEN, KV * SIZE)
        self.o = Linear(HEADS * SIZE, HIDDEN)
        self.gate, self.up = Linear(HIDDEN, shape["inner"]), Linear(HIDDEN, shape["inner"])
        self.down = Linear(shape["inner"], HIDDEN)
        self.gains = nn.ParameterList([nn.Parameter(torch.ones(HIDDEN), requires_grad=RANK == 0) for _ in range(2)])

    def forward(self, x, cosine, sine):
        B, T, _ = x.shape
        h = F.rms_norm(x, (HIDDEN,), self.gains[0], 1e-5)
        q, k, v = (p(h).view(B, T, -1, SIZE).transpose(1, 2) for p in (self.q, self.k, self.v))
        mixed = F.scaled_dot_product_attention(
            rotate(q, cosine, sine), rotate(k, cosine, sine), v, is_causal=True, enable_gqa=HEADS != KV
        )
        x = x + self.o(mixed.transpose(1, 2).reshape(B, T, -1))
        h = F.rms_norm(x, (HIDDEN,), self.gains[1], 1e-5)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(shape["vocabulary"], HIDDEN) * 0.02, requires_grad=RANK == 0)
        self.layers = nn.ModuleList(Layer() for _ in range(shape["layers"]))
        self.gain = nn.Parameter(torch.ones(HIDDEN), requires_grad=RANK == 0)
        angles = torch.outer(torch.arange(shape["time"]), 10000.0 ** (-torch.arange(0, SIZE, 2) / SIZE)).repeat(1, 2)
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())

    def forward(self, ids, targets):
        x = self.table[ids]
        for layer in self.layers:
            x = layer(x, self.cosine, self.sine)
        logits = F.linear(F.rms_norm(x, (HIDDEN,), self.gain, 1e-5), self.table)
        return F.cross_entropy(logits.float().view(-1, shape["vocabulary"]), targets.view(-1))


ids = torch.randint(3, shape["vocabulary"], (shape["batch"], shape["time"]))
opened = {}


def open_model(precision):
    model = Llama().to(getattr(torch, precision))
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return model, torch.optim.AdamW(trained, lr=1e-4, fused=True)


for line in sys.stdin:
    precision = line.strip()
    if precision not in opened:
        opened[precision] = open_model(precision)
    model, optimizer = opened[precision]
    begun = time.perf_counter()
    loss = model(ids, ids)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "loss": float(loss), "torch": torch.__version__}), flush=True)
