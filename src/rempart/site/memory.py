"""How often Python looks for cycles in a process that serves for long."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 20_000  # between two looks at the youngest; a pass over them takes a millisecond or two


def settle() -> None:
    """Leave what was loaded at the start out of every look for cycles, and look less often.

    A look at everything took a tenth of a second with Django loaded, in which nobody was answered; messages make no
    cycles, but many objects (screening/checking.py).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 50)
