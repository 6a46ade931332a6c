"""Text from the model, and how likely a text is: sampling, beam search, speculative decoding, log-probabilities.

After `from udfs.backend import generate`, a module such as `generate.decoding` is imported when it is first used.
"""

from typing import TYPE_CHECKING

from udfs.backend import lazy

if TYPE_CHECKING:
    from udfs.backend.generate import beam_search as beam_search
    from udfs.backend.generate import continuations as continuations
    from udfs.backend.generate import decoding as decoding
    from udfs.backend.generate import log_probabilities as log_probabilities
    from udfs.backend.generate import scores as scores
    from udfs.backend.generate import speculation as speculation
    from udfs.backend.generate import steered as steered
else:
    __getattr__ = lazy.modules_of(__name__)
