"""Every operation of src/tensor in PyTorch float64: writes test/fixtures/ops.json, which test/tensor/ops.test.ts reads.

    pip install torch==2.15 && python test/reference/ops_reference.py

The first word of a case's name is the operation. A case has inputs (what has gradients), constants and settings. Its loss is the sum of output x `upstream`; `gradients`
are of that loss. Inputs are multiples of 1/64, so that 32-bit floats hold them exactly; shapes are small and odd.
Formulas are PyTorch's own where it has them, and those of transformers' modeling_llama.py where it has not.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)
HIDDEN = -1e9
CASES = {}


def normal(*shape, deviation=1.0):
    return (torch.randn(shape) * deviation * 64).round() / 64


def integers(*values):
    return torch.tensor(values, dtype=torch.int64)


def case(name, inputs, compute, constants=None, settings=None):
    """Runs `compute(inputs, constants, settings)` and notes what went in and what came out."""
    constants, settings = constants or {}, settings or {}
    for tensor in inputs.values():
        tensor.requires_grad_()
    output = compute({**inputs, **constants}, **settings)
    upstream = normal(*output.shape)
    (output * upstream).sum().backward()
    CASES[name] = {
        "inputs": {key: stored(tensor) for key, tensor in inputs.items()},
        "constants": {key: stored(tensor) for key, tensor in constants.items()},
        "settings": settings,
        "upstream": stored(upstream),
        "output": stored(output),
        "gradients": {key: stored(tensor.grad) for key, tensor in inputs.items()},
    }


def stored(tensor):
    whole = not tensor.is_floating_point()
    values = [value if whole else float(f"{value:.10g}") for value in tensor.detach().flatten().tolist()]
    values = [int(value) if value == int(value) and not math.isinf(value) else value for value in values]
    return {"type": "int32" if whole else "float32", "shape": list(tensor.shape), "values": values}


def heads_of(x, batch, size):
    return x.reshape(batch, x.shape[0] // batch, -1, size).transpose(1, 2)


def merged(x):
    return x.transpose(1, 2).reshape(x.shape[0] * x.shape[2], -1)


def rotated(x, frequencies):
    angles = torch.arange(x.shape[2])[:, None] * torch.tensor(frequencies)[None, :]
    cosine, sine = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
    half = x.shape[-1] // 2
    return x * cosine + torch.cat((-x[..., half:], x[..., :half]), dim=-1) * sine


def normalised(x, gain, epsilon):
    return F.rms_norm(x, (x.shape[-1],), gain, epsilon)


def attended(q, k, v, mask):
    """The heads of q share those of k and v; mask [B, 1, 1, T, T]."""
    group = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, 0])


def likelihoods(x, table, targets):
    return F.log_softmax(x @ table.T, dim=-1).gather(1, targets[:, None])


def kept(x, rows, columns, rate):
    """Inverted dropout by the noise of a row plus the noise of a column, in integers that overflow at 32 bits."""
    draws = (rows + columns + 2**31) % 2**32 - 2**31
    least = math.floor(rate * 2**32 + 0.5) - 2**31
    return torch.where(draws >= least, x, torch.zeros(())) / (1 - rate)


def causal(time):
    return torch.full((time, time), HIDDEN).triu(1)


def packed(*lengths):
    """Documents one behind the other in a row: each sees itself alone."""
    alone = torch.block_diag(*(torch.ones(length, length) for length in lengths))
    return causal(sum(lengths)).minimum(HIDDEN * (1 - alone))


def windowed(time, reach):
    return causal(time).minimum(torch.full((time, time), HIDDEN).tril(-reach))


def masks(*rows):
    return torch.stack(rows)[:, None, None]


def write_plain():
    case("linear", {"x": normal(5, 3), "w": normal(7, 3)}, lambda t: t["x"] @ t["w"].T)
    case("addBias", {"x": normal(5, 3), "bias": normal(3)}, lambda t: t["x"] + t["bias"])
    case("residual", {"x": normal(5, 3), "y": normal(5, 3)}, lambda t: t["x"] + t["y"])
    gated = {"gate": normal(3, 5, deviation=4), "up": normal(3, 5)}
    case("swiglu", gated, lambda t: F.silu(t["gate"]) * t["up"])
    lookup = {"ids": integers(4, 0, 4, 4, 2, 0)}
    case("embedding with repeated ids", {"table": normal(5, 3)}, lambda t: t["table"][t["ids"]], lookup)
    for name, shape in {"rmsNorm": (5, 7), "rmsNorm of heads": (2, 3, 5, 4)}.items():
        case(
            name,
            {"x": normal(*shape), "gain": normal(shape[-1])},
            lambda t, epsilon: normalised(t["x"], t["gain"], epsilon),
            settings={"epsilon": 1e-5},
        )
    small = {"x": normal(3, 5, deviation=0.02), "gain": normal(5)}
    case(
        "rmsNorm of values near its epsilon",
        small,
        lambda t, epsilon: normalised(t["x"], t["gain"], epsilon),
        settings={"epsilon": 1e-3},
    )


def write_lora():
    def compute(t, scale, rate=None):
        x = t["x"] if rate is None else kept(t["x"], t["rows"], t["columns"], rate)
        return t["x"] @ t["w"].T + scale * (x @ t["a"].T) @ t["b"].T

    frozen = {"w": normal(4, 6)}
    matrices = lambda: {"x": normal(5, 6), "a": normal(3, 6), "b": normal(4, 3)}
    case("loraLinear", matrices(), compute, frozen, {"scale": 1.5})
    noise = {
        "rows": integers(0, 2**31 - 1, -(2**30), 2**30, 12345)[:, None],
        "columns": integers(1, -(2**31), 2**30, -7, 2**29, -(2**30))[None, :],
    }
    case("loraLinear with dropout", matrices(), compute, {**frozen, **noise}, {"scale": 1.5, "rate": 0.4})


def write_heads():
    case(
        "splitHeads",
        {"x": normal(6, 8)},
        lambda t, batch, headSize: heads_of(t["x"], batch, headSize),
        settings={"batch": 2, "headSize": 4},
    )
    case("mergeHeads", {"x": normal(2, 3, 5, 2)}, lambda t: merged(t["x"]))
    plain = [10000 ** (-2 * i / 6) for i in range(3)]
    case("rope", {"x": normal(2, 3, 5, 6)}, lambda t, frequencies: rotated(t["x"], frequencies), settings={"frequencies": plain})
    for name, heads, rows in (
        ("attention", (3, 3), (causal(5), causal(5))),
        ("attention of grouped queries", (6, 2), (causal(5), causal(5))),
        ("attention of grouped queries on one key head", (3, 1), (causal(5), causal(5))),
        ("attention within packed documents", (4, 2), (packed(2, 3), packed(1, 4))),
        ("attention within a window", (2, 1), (windowed(5, 2), windowed(5, 3))),
    ):
        query, key = heads
        case(
            name,
            {"q": normal(2, query, 5, 4), "k": normal(2, key, 5, 4), "v": normal(2, key, 5, 4)},
            lambda t: attended(t["q"], t["k"], t["v"], t["mask"]),
            {"mask": masks(*rows)},
        )


def write_head():
    right = {"targets": integers(6, 0, 3, 6, 6)}
    weights = {"weights": torch.tensor([0.5, 0, 0.25, 1, 0])[:, None]}

    def loss(t, chunkRows=None):
        each = F.cross_entropy(t["x"] @ t["table"].T, t["targets"], reduction="none")
        return (t["weights"][:, 0] * each).sum()

    def found(t, chunkRows=None):
        return likelihoods(t["x"], t["table"], t["targets"])

    tables = lambda: {"x": normal(5, 4), "table": normal(7, 4)}
    case("crossEntropy", tables(), loss, {**right, **weights})
    case("crossEntropy in uneven chunks", tables(), loss, {**right, **weights}, {"chunkRows": 2})
    case("logProbabilities", tables(), found, right)
    case("logProbabilities in uneven chunks", tables(), found, right, {"chunkRows": 3})
    sharp = {"x": normal(5, 4, deviation=6), "table": normal(7, 4, deviation=4)}
    case("logProbabilities of targets that are all but impossible", sharp, found, right)


def write_whole():
    """A block of several operations, once as it is and once computed again on the way back: the values are the same."""

    def block(t):
        h = normalised(t["x"], t["gain"], 1e-5)
        return t["x"] + (F.silu(h @ t["gate"].T) * (h @ t["up"].T)) @ t["down"].T

    tensors = {
        "x": normal(3, 5),
        "gain": normal(5),
        "gate": normal(7, 5),
        "up": normal(7, 5),
        "down": normal(5, 7),
    }
    case("checkpoint of a feed-forward block", tensors, block)


def write_primitives():
    """Forward only: what the operations are made of has no gradients of its own."""
    a, b = normal(2, 3, 5), normal(2, 5, 4)
    positive = lambda: {"x": normal(3, 5).abs() + 0.25}
    case("primitives.add", {"a": normal(3, 5), "b": normal(5)}, lambda t: t["a"] + t["b"])
    case("primitives.subtract", {"a": normal(3, 5), "b": normal(3, 1)}, lambda t: t["a"] - t["b"])
    case("primitives.multiply", {"a": normal(3, 5), "b": normal(1, 5)}, lambda t: t["a"] * t["b"])
    case("primitives.matmul", {"a": a, "b": b}, lambda t, alpha: alpha * t["a"] @ t["b"], settings={"alpha": 0.5})
    case(
        "primitives.matmul of both transposed",
        {"a": normal(2, 5, 3), "b": normal(2, 4, 5)},
        lambda t, **_: t["a"].transpose(1, 2) @ t["b"].transpose(1, 2),
        settings={"transposeA": True, "transposeB": True},
    )
    case(
        "primitives.matmulAdd",
        {"a": normal(5, 3), "b": normal(7, 3), "c": normal(5, 7)},
        lambda t, alpha, **_: alpha * t["a"] @ t["b"].T + t["c"],
        settings={"alpha": 0.5, "transposeB": True},
    )
    for op, inputs, compute in (
        ("Sigmoid", {"x": normal(3, 5, deviation=5)}, torch.sigmoid),
        ("Log", positive(), torch.log),
        ("Neg", {"x": normal(3, 5)}, torch.neg),
        ("Sqrt", positive(), torch.sqrt),
        ("Reciprocal", positive(), torch.reciprocal),
    ):
        case(f"primitives.map by {op}", inputs, lambda t, function: compute(t["x"]), settings={"function": op})
    case("primitives.softmax", {"x": normal(3, 5, deviation=6)}, lambda t: t["x"].softmax(-1))
    for op, axis, compute in (("ReduceSum", 0, torch.sum), ("ReduceMean", -1, torch.mean), ("ReduceMax", -1, torch.amax)):
        case(
            f"primitives.reduce by {op}",
            {"x": normal(3, 5)},
            lambda t, reduction, axis: compute(t["x"], axis, keepdim=True),
            settings={"reduction": op, "axis": axis},
        )
    case("primitives.total", {"x": normal(3, 5)}, lambda t: t["x"].sum())
    case("primitives.reshape", {"x": normal(3, 4)}, lambda t, shape: t["x"].reshape(shape), settings={"shape": [2, 6]})
    case(
        "primitives.transpose",
        {"x": normal(2, 3, 5)},
        lambda t, order: t["x"].permute(order),
        settings={"order": [2, 0, 1]},
    )
    case(
        "primitives.split: its second piece",
        {"x": normal(5, 3)},
        lambda t, lengths: t["x"].split(lengths)[1],
        settings={"lengths": [1, 3, 1]},
    )
    case("primitives.concatenate", {"a": normal(2, 3), "b": normal(1, 3)}, lambda t: torch.cat((t["a"], t["b"])))
    ids = {"ids": integers(4, 0, 4, 4, 2, 0)}
    case("primitives.gatherRows", {"table": normal(5, 3)}, lambda t: t["table"][t["ids"]], ids)
    case(
        "primitives.scatterRows",
        {"rows": normal(6, 3)},
        lambda t: torch.zeros(5, 3).index_add(0, t["ids"], t["rows"]),
        ids,
    )
    for name, found in CASES.items():
        if name.startswith("primitives."):
            del found["gradients"], found["upstream"]


for write in (write_plain, write_lora, write_heads, write_head, write_whole, write_primitives):
    write()
path = pathlib.Path(__file__).parent.parent / "fixtures" / "ops.json"
lines = [f"  {json.dumps(name)}: {json.dumps(found, separators=(',', ':'))}" for name, found in CASES.items()]
path.write_text(f'{{"torch": "{torch.__version__}", "cases": {{\n' + ",\n".join(lines) + "\n}}\n")
print(f"{path}: {len(CASES)} cases, {path.stat().st_size} bytes")
