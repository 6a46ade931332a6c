"""The five most likely next tokens, with their logits and probabilities."""

from sheet import show

show({"A1": "If today is Tuesday, tomorrow is", "A3": "=GPT2_PREDICT(A1,5)"})
