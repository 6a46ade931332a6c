"""A column of texts in, a row of figures for each: how surprising is every sentence?"""

from sheet import show

show(
    {
        "A1": "I would like a cup of tea.",
        "A2": "I would like a cup of doors.",
        "A3": "Tea cup a of like would I.",
        "A5": "=GPT2_SCORE(A1:A3)",
    }
)
