"""Which words of the prompt decide an answer: the answer's logit without each token."""

from sheet import show

show({"A1": "Anna is slow. Mike is quick. She moves", "A2": " slowly", "A4": '=GPT2_SALIENCY(A1,A2,"leave out")'})
