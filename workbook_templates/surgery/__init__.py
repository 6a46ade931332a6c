"""`3_surgery.xlsx`: operations on the model, each with the answer before and after."""

from __future__ import annotations

from workbook_templates.book import Book
from workbook_templates.prompt_tab import PromptTab, write_prompt
from workbook_templates.start_tab import start_page
from workbook_templates.surgery.ablation import write_ablation
from workbook_templates.surgery.contrast import write_contrast
from workbook_templates.surgery.overview import TOKEN_TABLE, overview_page, write_operations
from workbook_templates.surgery.pca import write_pca
from workbook_templates.surgery.sae_feature import write_sae_feature
from workbook_templates.surgery.start import write_start
from workbook_templates.surgery.sweep import TAB as SWEEP
from workbook_templates.surgery.sweep import write_sweep
from workbook_templates.surgery.weight_edits import write_weight_edits

PROMPT = "Mike pulls out his"

_TAB = PromptTab(
    template="surgery",
    token_table=TOKEN_TABLE,
    edits="",
    second_line="Each operation on the other tabs is applied to this prompt and this model, by itself.",
    model_note="Names the model before any operation.",
    guarded=True,
)


def write(book: Book, prompt: str | None, model: str | None) -> None:
    """Writes every tab."""
    start = start_page(book)
    write_prompt(book, _TAB, PROMPT if prompt is None else prompt, model)
    overview = overview_page(book)
    feature, coefficient = write_sae_feature(book)
    contrast, plus = write_contrast(book)
    pca = write_pca(book)
    operation = write_sweep(book, (feature, contrast, pca))
    ablation = write_ablation(book)
    weights = write_weight_edits(book)
    done = (feature.done, contrast.done, pca.done, ablation, weights)
    write_operations(overview, done, SWEEP)
    write_start(start, coefficient, plus, operation, done)
