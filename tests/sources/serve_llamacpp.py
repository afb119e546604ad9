"""Serve a llama.cpp model of a few thousand weights, all random: `serve_llamacpp.py MODEL KEY` prints its URL.

MODEL is the file that it writes; without a KEY that is all it does.

It runs in an environment that holds xllamacpp (llama.cpp's server as a library) and gguf (which writes its files).
The model was trained, so it says, for 8,192 tokens; of the 1,024 that are served, each of two slots has a half.
"""

import signal
import sys
from pathlib import Path

import gguf  # type: ignore[import-not-found]  # lives in an environment of its own
import numpy as np  # type: ignore[import-not-found]
import xllamacpp  # type: ignore[import-not-found]

WIDTH, LAYERS, HEADS, INNER = 32, 1, 2, 64


def write_model(path: Path) -> None:
    """Write the smallest file that llama.cpp loads."""
    tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(256)), b"a"]
    kinds = [2, 3, 3, *[6] * 256, 1]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(8192)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    for name, shape in shapes(len(tokens)).items():
        writer.add_tensor(name, np.full(shape, 0.01, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor."""
    found: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (vocabulary, WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (vocabulary, WIDTH),
    }
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        found |= {block + name: (WIDTH,) for name in ("attn_norm.weight", "ffn_norm.weight")}
        found |= {f"{block}attn_{name}.weight": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
        found |= {f"{block}ffn_{name}.weight": (INNER, WIDTH) for name in ("gate", "up")}
        found[f"{block}ffn_down.weight"] = (WIDTH, INNER)
    return found


def serve(model: Path, key: str) -> None:
    """Serve until a signal ends it."""
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {"tiny", "small"}
    params.model_tags = {"test"}
    params.api_keys = [key]
    params.n_ctx = 1024
    params.n_parallel = 2
    params.port = 0
    params.warmup = False
    server = xllamacpp.Server(params)
    print(f"It listens at {server.listening_address}", flush=True)
    signal.pause()


if __name__ == "__main__":
    write_model(Path(sys.argv[1]))
    if sys.argv[2:]:
        serve(Path(sys.argv[1]), sys.argv[2])
