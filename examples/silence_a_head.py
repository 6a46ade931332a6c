"""Surgery in the model text: without one head, the answer changes."""

from sheet import show

from udfs.models.demo.facts import facts

flip = facts().pronoun_flip
show(
    {
        "A1": flip.prompt,
        "A2": f"demo ; scale {flip.head} by 0",
        "A4": "=GPT2_PREDICT(A1,2)",
        "A8": "=GPT2_PREDICT(A1,2,,A2)",
    }
)
