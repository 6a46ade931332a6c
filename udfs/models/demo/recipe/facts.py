"""`python -m udfs.models.demo.recipe.facts`: measures the installed demo model and writes `facts.json`.

It reads the feature for Star Wars from the sparse autoencoder's `features.json`, so run it after that recipe. It needs
no corpus, and neither torch nor transformers. It takes about ten seconds.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from udfs.backend import catalogue
from udfs.models.demo import facts as reader
from udfs.models.demo.facts import Facts
from udfs.models.demo.prompts import REPEATED
from udfs.models.demo.recipe import observed_facts, surgery_facts


def measure() -> Facts:
    """All facts about the installed model."""
    model = catalogue.load(catalogue.DEMO)
    head, days = observed_facts.pronoun_head(model), observed_facts.other_days()
    circuit, needs = observed_facts.circuit(model)
    first, second = (observed_facts.induction(text) for text in REPEATED)
    return Facts(
        pronoun_head=head,
        pronouns=surgery_facts.pronouns(head, model),
        stream_edit=surgery_facts.stream_edit(model),
        day_head=observed_facts.day_head(observed_facts.day_shares(model), needs),
        lens=observed_facts.lens(days),
        losing_day=observed_facts.losing_day(days),
        repeated=(first, second),
        circuit=circuit,
        jedi=surgery_facts.jedi(),
        animal=surgery_facts.animal(),
        contrast=surgery_facts.contrast(model),
        pca=surgery_facts.pca(model),
        ablation=surgery_facts.ablation(model),
        weight_edit=surgery_facts.weight_edit(model),
        fact_edit=surgery_facts.fact_edit(model),
        greedy=observed_facts.greedy(),
        speculation_seed=observed_facts.speculation_seed(),
    )


def main() -> None:
    """Writes the file."""
    found = json.dumps(asdict(measure()), indent=2) + "\n"
    reader.FILE.write_text(found, encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main()
