"""What happens inside the model: logit lens, heads, attribution, patching, circuits, autoencoders, gradients, edits.

After `from udfs.backend import interpret`, a module such as `interpret.heads` is imported when it is first used.
"""

from typing import TYPE_CHECKING

from udfs.backend import lazy

if TYPE_CHECKING:
    from udfs.backend.interpret import attribution as attribution
    from udfs.backend.interpret import circuit_search as circuit_search
    from udfs.backend.interpret import circuits as circuits
    from udfs.backend.interpret import gradients as gradients
    from udfs.backend.interpret import heads as heads
    from udfs.backend.interpret import logit_lens as logit_lens
    from udfs.backend.interpret import neurons as neurons
    from udfs.backend.interpret import patching as patching
    from udfs.backend.interpret import path_patching as path_patching
    from udfs.backend.interpret import rome as rome
    from udfs.backend.interpret import saliency as saliency
    from udfs.backend.interpret import tuned_lens as tuned_lens
else:
    __getattr__ = lazy.modules_of(__name__)
