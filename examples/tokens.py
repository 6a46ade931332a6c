"""A text becomes tokens: common words whole, rare words in pieces. A token keeps the space before it."""

from sheet import show

show({"A1": "funology is a reinjury", "A3": "=GPT2_TOKENIZE(A1)"})
