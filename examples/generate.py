"""The model continues a text: always with the likeliest token, then with tokens drawn at random by three seeds."""

from sheet import show

show(
    {
        "A1": "Once upon a time, there was a",
        "A3": "=GPT2_GENERATE(A1,20)",
        **{f"A{3 + 2 * seed}": f"=GPT2_GENERATE(A1,20,0.8,,,{seed})" for seed in (1, 2, 3)},
    }
)
