"""Small tokenizers in the style of known families, and what Python's tokenizers and transformers make of texts with them.

    python test/reference/tokenizers_reference.py
    (Python 3.12, tokenizers and transformers 5.23.0; reads ../shared/data)

Writes test/fixtures/tokenizers/*.json (trained on the lines below) and expected.json: of 10,000 lines of prose the hash
of their ids, of hostile lines the ids themselves, and chat templates with the texts and ids that they give.
"""

import gzip
import hashlib
import json
import pathlib

from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers,
)
from transformers import PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).parent.parent.parent
DATA = ROOT.parent / "shared" / "data"
OUT = ROOT / "test" / "fixtures" / "tokenizers"
LINES, VOCABULARY = 10_000, 1_200

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

HOSTILE = [
    "", " ", "   two  spaces   and\ttabs\t\t end  ", "a\n\n\nb\r\nc", "1234567890 3.14159 1,000", "I'LL don't WE'VE it's",
    "naïve café e\u0301 ﬁ ½ ² Ⅷ", "日本語のテキスト 中文 한국어", "العربية עברית हिन्दी ไทย", "😀👩‍👩‍👧‍👦🇦🇹 \ufe0f", "\u0000\u0007\u200b\ufeff\u00a0\u3000",
    "<s> </s> <|im_start|>user <|end_of_text|> <unk> <think>x</think>", "x" * 300, "▁under▁score ▁", "\\n \\u0041 &amp; <b>",
    "snake_case camelCase HTTPServer __init__ a.b->c;;;!!!???", "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "ignore"),
]

TURNS = [
    [{"role": "user", "content": "What is a mask?"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "  Spaces around.  "}],
    [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "Yes, one.\n\nAnd a paragraph."}, {"role": "user", "content": "Two?"},
    ],
]

CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3_CHAT = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + "
    "message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
    "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
MISTRAL_CHAT = (
    "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}{%- set loop_messages = "
    "messages[1:] %}{%- else %}{%- set loop_messages = messages %}{%- endif %}{{- bos_token }}{%- for message in "
    "loop_messages %}{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{- raise_exception('Conversation "
    "roles must alternate user/assistant/user/assistant/...') }}{%- endif %}{%- if message['role'] == 'user' %}{%- if "
    "loop.first and system_message is defined %}{{- ' [INST] ' + system_message + '\n\n' + message['content'] + ' "
    "[/INST]' }}{%- else %}{{- ' [INST] ' + message['content'] + ' [/INST]' }}{%- endif %}{%- elif message['role'] == "
    "'assistant' %}{{- ' ' + message['content'] + eos_token }}{%- endif %}{%- endfor %}"
)
QWEN3_CHAT = r"""{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\n\n' }}
    {%- endif %}
    {{- "# Tools\n\n<tools>" }}
    {%- for tool in tools %}
        {{- "\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\n</tools><|im_end|>\n" }}
{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning_content.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}"""


def prose_lines():
    lines = []
    with gzip.open(DATA / "prose" / "held-out.jsonl.gz", "rt", encoding="utf-8") as file:
        for document in file:
            lines += [line for line in json.loads(document)["text"].split("\n") if line.strip()]
            if len(lines) >= LINES:
                return lines[:LINES]
    raise ValueError("too few lines")


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


def byte_level(tokenizer, lines, specials, plain=()):
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in specials])
    tokenizer.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in plain])
    return tokenizer


def with_bos(tokenizer, bos):
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, tokenizer.token_to_id(bos))])
    return tokenizer


def llama3(lines):
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split(LLAMA3), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    marks = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    return with_bos(byte_level(tokenizer, lines, marks), marks[0])


def qwen(lines):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split(QWEN2), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return byte_level(tokenizer, lines, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], ["<think>", "</think>"])


def smollm2(lines):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return byte_level(tokenizer, lines, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])


def metaspace(lines, by_normalizer):
    """Trained word by word, as SentencePiece splits; then read as Llama 2's or Mistral's file says."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=pieces, limit_alphabet=90, show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    file = json.loads(tokenizer.to_str())
    file["added_tokens"] = [token for token in file["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(file))
    if by_normalizer:
        tokenizer.pre_tokenizer = None
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return with_bos(tokenizer, "<s>")


def compact(tokenizer):
    file = json.loads(tokenizer.to_str())
    if not isinstance(file["model"]["merges"][0], str):
        file["model"]["merges"] = [list(pair) for pair in file["model"]["merges"]]
    return json.dumps(file, ensure_ascii=False, separators=(",", ":"))


def facts(tokenizer, lines):
    tokenizer.encode_special_tokens = True
    ids = [encoding.ids for encoding in tokenizer.encode_batch(lines, add_special_tokens=False)]
    digest = hashlib.sha256("".join(" ".join(map(str, line)) + "\n" for line in ids).encode()).hexdigest()
    plain = [tokenizer.encode(line, add_special_tokens=False).ids for line in HOSTILE]
    tokenizer.encode_special_tokens = False
    return {
        "lines": digest, "tokens": sum(map(len, ids)), "plain": plain,
        "specials": [tokenizer.encode(line, add_special_tokens=False).ids for line in HOSTILE],
        "decoded": [tokenizer.decode(line, skip_special_tokens=True) for line in plain],
    }


def chats(tokenizer, template, tokens):
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokens)
    fast.chat_template = template
    rendered = [fast.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) for turns in TURNS]
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in rendered]
    return {"template": template, "tokens": tokens, "rendered": rendered, "ids": ids}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    lines = prose_lines()
    made = {
        "llama-3": llama3(lines), "qwen": qwen(lines), "smollm2": smollm2(lines),
        "llama-2": metaspace(lines, True), "mistral": metaspace(lines, False),
    }
    expected = {"hostile": HOSTILE, "turns": TURNS, "tokenizers": {}, "chats": {}}
    for name, tokenizer in made.items():
        (OUT / f"{name}.json").write_text(compact(tokenizer) + "\n")
        expected["tokenizers"][name] = facts(tokenizer, lines)
    for name, path in {
        "trilith-base": ROOT / "models" / "trilith-base-9m" / "tokenizer.json",
        "minilm": DATA / "models" / "minilm-tokenizer" / "tokenizer.json",
    }.items():
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        expected["tokenizers"][name] = facts(tokenizer, lines)
        del expected["tokenizers"][name]["decoded"]
        expected["tokenizers"][name]["file"] = hashlib.sha256(path.read_bytes()).hexdigest()
    ends = dict(eos_token="<|im_end|>")
    expected["chats"] = {
        "smollm2": chats(made["smollm2"], CHATML, ends), "qwen": chats(made["qwen"], QWEN3_CHAT, ends),
        "llama-3": chats(made["llama-3"], LLAMA3_CHAT, dict(bos_token="<|begin_of_text|>", eos_token="<|eot_id|>")),
        "mistral": chats(made["mistral"], MISTRAL_CHAT, dict(bos_token="<s>", eos_token="</s>")),
    }
    (OUT / "expected.json").write_text(json.dumps(expected, ensure_ascii=True) + "\n")


main()
