"""Everything that makes the forward pass fast, behind one interface: `model.linear(name)(x)` is `x @ W + b`.

`gpt2/forward.py` knows none of it. A trick stays only while it makes something at least 1.3 times as fast on one of the
two kinds of processor, with AVX-512 and without. The figures are for GPT-2 small's shape (12 x 768, float32) on 2
cores; `python -m tests.benchmarks.speed` measures most of them anew.

| trick | file | what it buys | where it was measured |
|---|---|---|---|
| Python threads share each product, BLAS keeps to one thread | `threads.py`, `linear.py` | 100 tokens 218 -> 128 ms, \
1.7 times; without AVX-512 1.1 to 1.3 times, and no collapse when other programs are busy | AMD Zen 4, numpy 2.4.6, \
OpenBLAS 0.3.31; AMD EPYC (Zen 3) |
| weights in tiles of 64 columns, on AVX-512 only | `tiles.py` | 10 tokens 47 -> 21 ms, 2.2 times; otherwise they \
are slower than plain weights | AMD Zen 4 |
| tiles kept in files | `tile_files.py` | a new process maps them instead of making them, and processes share them: \
loading the layers of a full-size model 0.45 -> 0.05 s | AMD EPYC (Zen 3) |
| attention by blocks of rows that skip later tokens | `forward.py` | 1,000 tokens 4.4 -> 2.4 s, 1.8 times | AMD EPYC \
(Zen 3) |

Which product a layer uses follows from facts, the name of the kernel that BLAS chose and the layer's size, never from a
timing, so that the same call gives the same bytes in every process. The work is cut into the same shares whether the
other threads are free or busy.

Tried and left out because they gave less: one hand-over of work for a whole half of a block (1.1 times), a hand-over
by locks instead of `concurrent.futures` (none), huge pages (1.1 times), `einsum` for a single row (none), GELU and
softmax on two threads (under 1.05 times), aligned weights (none).
"""
