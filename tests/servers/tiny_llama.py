"""A real llama.cpp server with a tiny random model: the words are noise, the protocol is real.

It speaks chat completions and Anthropic messages, whole or streamed, and counts tokens. The server
holds the interpreter's lock while it works, so it runs in a process of its own:

    python -m servers.tiny_llama --port 8080 --folder /tmp/model
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import process

CONTEXT = 32768
"""Tokens in the model's window; a token is a byte here."""

WIDTH, LAYERS, HEADS, INNER = 64, 2, 4, 128
LONGEST_ANSWER = 64
CONTROL_TOKENS = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
NORMAL, CONTROL = 1, 3
"""Token types of the GGUF format."""

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The server's base URL; the model is written into `folder`."""
    port = process.free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "servers.tiny_llama", "--port", str(port)]
    with process.running(
        [*command, "--folder", str(folder)],
        ready_url=f"{url}/health",
        folder=folder,
        name="llama",
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
    ):
        yield url


def byte_letters() -> list[str]:
    """The letter that byte-level vocabularies write for each byte: itself, or one from 256 on."""
    own = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in own else next(others)) for byte in range(0x100)]


def write_model(path: Path) -> None:
    """A llama model of about 100 000 random weights in the GGUF format."""
    import gguf
    import numpy

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    letters = byte_letters()
    vocabulary = [*letters, *CONTROL_TOKENS, "ab"]  # the loader refuses a vocabulary with no merge
    types = [NORMAL] * len(letters) + [CONTROL] * len(CONTROL_TOKENS) + [NORMAL]
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(vocabulary)
    writer.add_token_types(types)
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(vocabulary.index("<|endoftext|>"))
    writer.add_eos_token_id(vocabulary.index("<|im_end|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    random = numpy.random.default_rng(20)
    for name, shape in tensor_shapes(len(vocabulary)).items():
        plain = numpy.ones(shape) if len(shape) == 1 else random.normal(0, 0.05, shape)
        writer.add_tensor(name, plain.astype(numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensor_shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of the model, by its GGUF name."""
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (vocabulary, WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (vocabulary, WIDTH),
    }
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        for norm in ("attn_norm", "ffn_norm"):
            shapes[f"{block}.{norm}.weight"] = (WIDTH,)
        for square in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"{block}.{square}.weight"] = (WIDTH, WIDTH)
        for wide in ("ffn_gate", "ffn_up"):
            shapes[f"{block}.{wide}.weight"] = (INNER, WIDTH)
        shapes[f"{block}.ffn_down.weight"] = (WIDTH, INNER)
    return shapes


def serve(port: int, folder: Path) -> None:
    """Write the model and serve it until the process is ended."""
    import xllamacpp

    model = folder / "tiny.gguf"
    write_model(model)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.port = port
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.n_predict = LONGEST_ANSWER
    parameters.use_jinja = True
    parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    signal.pause()
    del server  # it served for as long as it lived


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    serve(arguments.port, arguments.folder)
