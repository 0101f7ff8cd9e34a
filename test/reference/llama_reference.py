"""Loss, gradients and AdamW updates of a micro Llama in PyTorch float64: writes llama-reference.json beside this file.

    apt-get install python3-torch libopenblas0-openmp && /usr/bin/python3 test/reference/llama_reference.py

Weights are not stored: both sides compute them by the formula in `values`,
so the file holds only inputs and results. The architecture is written out as in
transformers' modeling_llama.py (rotate_half, grouped-query attention, SwiGLU, RMSNorm).
"""

import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)
D, LAYERS, HEADS, KV, HEAD, INNER, VOCABULARY, BATCH, TIME = 32, 2, 4, 2, 8, 48, 64, 2, 16
RANK, ALPHA, BOS, EPSILON, THETA = 4, 8, 1, 1e-5, 10000.0
PROJECTIONS = {
    "self_attn.q_proj": (HEADS * HEAD, D), "self_attn.k_proj": (KV * HEAD, D), "self_attn.v_proj": (KV * HEAD, D),
    "self_attn.o_proj": (D, HEADS * HEAD), "mlp.gate_proj": (INNER, D), "mlp.up_proj": (INNER, D),
    "mlp.down_proj": (D, INNER),
}


def values(name, shape, deviation, mean=0.0):
    seed = sum((i + 1) * ord(c) for i, c in enumerate(name))
    flat = [mean + deviation * math.sin(0.7 * i + 0.001 * i * i + seed) for i in range(math.prod(shape))]
    # Rounded to float32, as the other side holds them.
    return torch.tensor(flat, dtype=torch.float32).double().reshape(shape).requires_grad_()


def base_weights(tied):
    weights = {"model.embed_tokens.weight": values("model.embed_tokens.weight", (VOCABULARY, D), 0.3)}
    for layer in range(LAYERS):
        for projection, shape in PROJECTIONS.items():
            name = f"model.layers.{layer}.{projection}.weight"
            weights[name] = values(name, shape, 0.3)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            name = f"model.layers.{layer}.{norm}.weight"
            weights[name] = values(name, (D,), 0.3, 1.0)
    weights["model.norm.weight"] = values("model.norm.weight", (D,), 0.3, 1.0)
    if not tied:
        weights["lm_head.weight"] = values("lm_head.weight", (VOCABULARY, D), 0.3)
    return weights


def lora_weights():
    weights = {}
    for layer in range(LAYERS):
        for projection, (out, into) in PROJECTIONS.items():
            module = f"model.layers.{layer}.{projection}"
            for side, shape in (("A", (RANK, into)), ("B", (out, RANK))):
                name = f"{module}.lora_{side}.weight"
                weights[name] = values(name, shape, 0.2)
    return weights


def norm(x, gain):
    return gain * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON)


def rotate(x):
    frequencies = THETA ** (-torch.arange(0, HEAD, 2) / HEAD)
    angles = torch.outer(torch.arange(TIME).double(), frequencies)
    angles = torch.cat([angles, angles], -1)
    halves = torch.cat([-x[..., HEAD // 2 :], x[..., : HEAD // 2]], -1)
    return x * angles.cos() + halves * angles.sin()


def loss_of(weights, lora, inputs, targets, shares):
    def project(x, layer, projection):
        module = f"model.layers.{layer}.{projection}"
        y = x @ weights[f"{module}.weight"].T
        if lora:
            a, b = lora[f"{module}.lora_A.weight"], lora[f"{module}.lora_B.weight"]
            y = y + ALPHA / RANK * ((x @ a.T) @ b.T)
        return y

    documents = (inputs == BOS).cumsum(-1)
    allowed = torch.ones(TIME, TIME).tril().bool() & (documents[:, :, None] == documents[:, None, :])
    mask = torch.zeros(BATCH, 1, TIME, TIME).masked_fill(~allowed[:, None], -math.inf)
    x = weights["model.embed_tokens.weight"][inputs]
    for layer in range(LAYERS):
        h = norm(x, weights[f"model.layers.{layer}.input_layernorm.weight"])
        split = lambda y: y.reshape(BATCH, TIME, -1, HEAD).transpose(1, 2)
        q = rotate(split(project(h, layer, "self_attn.q_proj")))
        k = rotate(split(project(h, layer, "self_attn.k_proj"))).repeat_interleave(HEADS // KV, 1)
        v = split(project(h, layer, "self_attn.v_proj")).repeat_interleave(HEADS // KV, 1)
        mixed = ((q @ k.transpose(-1, -2)) / math.sqrt(HEAD) + mask).softmax(-1) @ v
        x = x + project(mixed.transpose(1, 2).reshape(BATCH, TIME, -1), layer, "self_attn.o_proj")
        h = norm(x, weights[f"model.layers.{layer}.post_attention_layernorm.weight"])
        gate = torch.nn.functional.silu(project(h, layer, "mlp.gate_proj"))
        x = x + project(gate * project(h, layer, "mlp.up_proj"), layer, "mlp.down_proj")
    h = norm(x, weights["model.norm.weight"])
    logits = h @ weights.get("lm_head.weight", weights["model.embed_tokens.weight"]).T
    log_likelihood = logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0]
    return -(shares * log_likelihood).sum()


def case(tied, with_lora, data):
    inputs, targets, shares = data
    weights, lora = base_weights(tied), lora_weights() if with_lora else {}
    trained = lora or weights
    loss = loss_of(weights, lora, inputs, targets, shares)
    gradients = torch.autograd.grad(loss, list(trained.values()))
    summary = {
        name: {
            "norm": float(gradient.norm()),
            # A projection on a fixed direction sees signs and places, which a norm does not.
            "along": float((gradient.flatten() * torch.cos(torch.arange(gradient.numel()).double())).sum()),
        }
        for name, gradient in zip(trained, gradients)
    }
    return {"tied": tied, "lora": with_lora, "loss": float(loss), "gradients": summary}


def adamw():
    parameter = torch.tensor([[0.5, -1.0], [2.0, 0.0]], requires_grad=True)
    settings = {"lr": 0.1, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1}
    optimizer = torch.optim.AdamW([parameter], **settings)
    steps = []
    for step in range(5):
        gradient = torch.tensor([[math.sin(step + 4 * j) for j in range(i * 2, i * 2 + 2)] for i in range(2)])
        parameter.grad = gradient
        optimizer.step()
        steps.append({"gradient": gradient.flatten().tolist(), "parameters": parameter.detach().flatten().tolist()})
    return {"initial": [0.5, -1.0, 2.0, 0.0], "steps": steps}


inputs = torch.tensor([[(7 * i + 13 * row) % 61 + 3 for i in range(TIME)] for row in range(BATCH)])
inputs[0, 0] = BOS
inputs[1, 6] = BOS
targets = inputs.roll(-1, -1)
shares = torch.tensor([[0.0 if (i + row) % 5 == 0 else 1 / 26 for i in range(TIME)] for row in range(BATCH)])
data = inputs, targets, shares.float().double()
result = {
    "madeBy": f"test/reference/llama_reference.py with PyTorch {torch.__version__}, float64",
    "inputs": inputs.flatten().tolist(), "targets": targets.flatten().tolist(), "weights": shares.flatten().tolist(),
    "cases": [case(tied, lora, data) for tied in (True, False) for lora in (False, True)],
    "adamw": adamw(),
}
target = pathlib.Path(__file__).parent / "llama-reference.json"
target.write_text(json.dumps(result, indent=1) + "\n")
