"""A low temperature makes the model surer of its favourite token, a high one less sure. The order stays."""

from sheet import show

show({"A1": "I would like a cup of", "A3": "=GPT2_PREDICT(A1,4,0.5)", "A9": "=GPT2_PREDICT(A1,4,2)"})
