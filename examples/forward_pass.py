"""GPT-2 as a column of formulas: tokens, embeddings, twelve blocks below each other, and the head."""

from sheet import show

cells = {
    "A1": "Mike is quick. He moves",
    "A3": "=GPT2_TOKENIZE(A1)",
    "A12": "=INDEX(A3#,SEQUENCE(ROWS(A3#)-1,,2),3)",  # the ids
    "A20": "=GPT2_EMBED(A12#)+GPT2_POSITION(A12#)",  # the residual stream: one row per token
}
for layer in range(12):
    cells[f"A{28 + 8 * layer}"] = f"=GPT2_BLOCK({layer},A{20 + 8 * layer}#)"
cells["A124"] = "=GPT2_LOGITS(A116#,3)"

show(cells)
