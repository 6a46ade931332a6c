"""Everything that makes the forward pass fast, behind one interface: `model.linear(name)(x)` is `x @ W + b`.

`gpt2/forward.py` knows none of it. A trick stays only if it makes something at least 1.3 times as fast on one of the
two kinds of processor, with AVX-512 or without. The figures below are for GPT-2 small's shape (12 x 768, float32) on
2 cores, numpy 2.4.6 with OpenBLAS 0.3.31; `python -m tests.benchmarks.speed` and `... .growth` time whole passes.

Threads of our own share each product, and BLAS keeps to one thread (`threads.py`, `linear.py`).
    100 tokens 218 -> 128 ms, 1.7 times (AMD Zen 4, AVX-512). 30 tokens 125 -> 95 ms, 1.3 times (AMD Zen 3, no AVX-512).
    BLAS's own threads also spin while they wait: with two other programs running, 10 tokens took 360 ms, not 100.

Weights in tiles of 64 columns for several rows, if BLAS computes with AVX-512 (`tiles.py`).
    10 tokens 47 -> 21 ms, 2.2 times (AMD Zen 4). Without AVX-512 tiles are slower than plain weights.

A single row is multiplied with the tiles too, as two equal rows, on AMD's processors (`tiles.py`).
    Unembedding one row 7.4 -> 5.2 ms, 1.4 times; decoding one token 26 -> 22 ms, 1.2 times (AMD Zen 4). Memory then
    holds the weights once: 0.6 GB, not 1.1. On an Intel Xeon decoding with tiles took 44 ms, and with plain weights
    and BLAS's own two threads 24 to 30, so there, as without AVX-512, a single row is multiplied with the plain
    weight, and each thread reads a contiguous share of it (`linear.py`).

The MLP: each thread computes some of the hidden units and what they add to the stream (`forward.py`).
    The demo model's MLPs, 100 rows: 4.9 -> 3.4 ms, 1.4 times; 1,000 rows: 22 -> 16 ms, 1.4 times (AMD Zen 4; without
    AVX-512 1.4 and 1.3). GPT-2 small's, 300 rows: 240 -> 190 ms, 1.3 times with AVX-512 and without; 10 rows: 1.1.
    GELU runs on all cores, and the hidden units of a share are still in the cache when c_proj reads them.

Tiles kept in files (`tile_files.py`).
    All layers are ready in 0.06 s, not 0.25 s, 4 times (AMD Zen 3). Processes share the memory.

Equal columns of the unembedding multiplied once (`repeated.py`).
    The demo model's logits of one row 1.7 -> 0.11 ms, 15 times; of 130 rows 25 -> 10 ms, 2.6 times (AMD EPYC).

Attention by blocks of rows that skip later tokens, on all cores (`forward.py`).
    1,000 tokens 4.2 -> 2.6 s, 1.6 times (AMD Zen 3).

Without BLAS, as in a browser, a product with a weight is an `einsum`, and no thread is started (`blas.py`).
    6 rows by 768 x 3,072: 156 -> 17 ms, 9 times (Pyodide 0.28, numpy 2.2.5).

The kind of product follows from facts, never from a timing: whether numpy has BLAS, the kernel that BLAS names, the
maker of the processor, the size of the layer, the number of rows. Work is cut into the same shares whether other
threads are free or busy. So the same call gives the same bytes in every process.

Tried and left out, because it gave less than 1.3 times: the same for attention (1.0 beside the MLP's), handing over by
locks rather than `concurrent.futures` (1.02), pieces that the threads take as they become free (0.9), sharing GELU or
LayerNorm by rows (1.0), huge pages and aligned weights (1.0 to 1.1), `einsum` for a single row (1.0). On AMD Zen 3:
BLAS's own two threads for a single row (1.1); sharing products of 500,000 multiplications, not only of 1,500,000 (1.0);
for 10 to 100 rows, blocks of 64 to 384 columns or of 48 to 384 rows of W, W transposed, and a matrix-vector product for
each row and block (none faster than the plain product).

BLAS's own threads would also break the promise above. Their number belongs to the whole process, and so do the digits:
a product of 10 x 768 by 768 x 2,304 differs by 6e-5 between one thread and two.

What limits the rest on AMD Zen 3:
    Decoding: the products take 36 ms (reading the weights alone 31 to 34), and numpy's small operations 4.
    10 tokens: OpenBLAS copies ("packs") each weight before it multiplies, which takes it three times the processor time
    of a single row. Without AVX-512 it has no product for few rows that does not pack.
    100 tokens, and logits at all depths: arithmetic. The products take 182 ms of 232 and the logits 101 of 176, at 0.7
    to 0.8 of the 127 GFLOP/s that both cores reach with large square matrices.
"""
