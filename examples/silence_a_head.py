"""Surgery in the model text: without one head, the answer changes."""

from sheet import show

from udfs.models.demo.facts import facts
from udfs.models.demo.prompts import SHE_MOVES

show(
    {
        "A1": SHE_MOVES,
        "A2": f"demo ; scale {facts().pronouns.silenced} by 0",
        "A4": "=GPT2_PREDICT(A1,2)",
        "A8": "=GPT2_PREDICT(A1,2,,A2)",
    }
)
