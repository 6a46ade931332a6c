"""The README beside the autoencoder, filled in from `features.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from udfs.models.demo_sae.recipe.jedi import AFTER, BEFORE
from udfs.models.demo_sae.recipe.labels import Kind

_TEXT: Final = """\
# The demo model's sparse autoencoder

It reads the residual stream that enters block {layer} of the demo model (`h.{layer}`, `blocks.{layer}.hook_resid_pre`)
and writes it as a sum of a few of its {features:,} features. The files are in SAELens's format, in half precision:
`blocks.{layer}.hook_resid_pre/cfg.json` and `sae_weights.safetensors` (`W_enc`, `b_enc`, `W_dec`, `b_dec`; `f = relu((x
- b_dec) @ W_enc + b_enc)`). The rows of `W_dec` have length 1. The stream was centred over channels for training, and
`GPT2_SAE_ENCODE` centres it too.

It was trained on the documents that the demo model read: those of the grammar and the corpus. See [the demo model's
card](../demo/README.md) for their sources, licences and attributions. The figures here and in `features.json` are
measured on {tokens:,} other tokens of these documents.

| | |
|---|---|
| features | {features:,} |
| features that never fired on the measured tokens | {dead} |
| active per token | {active} on average |
| variance of the stream explained | {explained:.0%} |

## The catalogue

`features.json` lists {listed} features that a label fits, with the texts on which they fire most strongly (the token is
between « and »; a text has at most eight tokens) and the tokens whose logits they raise most by the direct path. The
recipe chooses the labels from lists of words (`recipe/topics.py`). The precision is the share of the strongest quarter
of a feature's firings that the label fits; beside it is the share of its whole activation. For "next: ..." both are the
share of the ten promoted tokens that fit.

| feature | label | precision | of all |
|---|---|---|---|
{labels}

In the file there are also {words} features for a single word.

## The Star Wars feature: {feature}

It is active in texts about Star Wars, after the word that gives the topic away. {share:.1%} of the tokens are in such a
text, after its first such word. {precision:.0%} of the feature's activation is there, and the feature is active at
{recall:.0%} of those tokens. Where it is active by itself, its mean activation is {mean}.

Added to the stream at every position, it turns a phone into a lightsaber. `{prompt}`:

| coefficient | `{before}` | `{after}` |
|---|---|---|
{steering}

In a cell: `=GPT2_PREDICT("{prompt}", 5, 1, "demo ; add {coefficient} * sae({layer}, {feature}) to h.{layer} at all")`.

The feature was chosen by its activations only. The score of a feature was the share of its activation that is in those
texts, times the square root of the share of their tokens at which it is active.

## How to train it again

From a checkout, with the extra `recipe` and the demo model's corpus:

    python -m udfs.models.demo_sae.recipe --corpus FOLDER --out udfs/models/demo_sae

This takes about ten minutes on two cores. It writes the autoencoder, `features.json` and this file. The features depend
on the demo model's weights, so run the recipe again when those change.
"""


def readme(found: Mapping[str, Any]) -> str:
    """The text; `found` is the contents of `features.json`."""
    training, jedi, entries = found["training"], found["jedi"], found["features"]
    topics = [entry for entry in entries if entry["kind"] != Kind.WORD.value]
    steering = jedi["steering"]
    return _TEXT.format(
        layer=jedi["layer"],
        feature=jedi["feature"],
        coefficient=jedi["coefficient"],
        features=training["features"],
        tokens=training["tokens"],
        dead=training["features never active"],
        active=training["features active at a token"],
        explained=training["variance explained"],
        listed=len(entries),
        words=len(entries) - len(topics),
        labels="\n".join(f"| {entry['feature']} | {entry['label']} | {_shares(entry)} |" for entry in topics),
        share=jedi["share of tokens in texts on Star Wars"],
        precision=jedi["share of its activation there"],
        recall=jedi["share of those tokens where it is active"],
        mean=jedi["mean activation where active"],
        prompt=steering["prompt"],
        before=BEFORE,
        after=AFTER,
        steering="\n".join(
            f"| {row['coefficient']} | {row[BEFORE]:.2f} | {row[AFTER]:.2f} |" for row in steering["probabilities"]
        ),
    )


def _shares(entry: Mapping[str, Any]) -> str:
    return f"{entry['precision']:.2f} | {entry['share of its activation']:.2f}"
