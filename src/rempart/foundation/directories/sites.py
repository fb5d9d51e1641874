"""Which establishments belong together: the sites of one laboratory, which may speak for each other.

A laboratory of biology has several sites, each with a FINESS number of its own, under one juridical entity. Its
software often sends for all of them with one key.
"""

from __future__ import annotations

import threading
import time

from rempart.foundation.directories.models import Establishment, Laboratory

_PATIENCE = 600.0
"""Seconds for which the sites of a laboratory are remembered: directories change once a month."""

_MOST = 10_000

_known: dict[str, tuple[float, frozenset[str]]] = {}
_lock = threading.Lock()


def sites_of(laboratory: str) -> frozenset[str]:
    """The FINESS numbers of a laboratory's sites, its own among them: laboratories of the directory that have its
    juridical entity. Itself alone when the directory does not know it, or not its entity."""
    now = time.monotonic()
    with _lock:
        known = _known.get(laboratory)
    if known is not None and now < known[0] + _PATIENCE:
        return known[1]
    found = frozenset({laboratory, *_asked(laboratory)})
    with _lock:
        if len(_known) >= _MOST:
            _known.clear()
        _known[laboratory] = (now, found)
    return found


def forget_sites() -> None:
    """Ask anew: the directory has changed."""
    with _lock:
        _known.clear()


def _asked(laboratory: str) -> list[str]:
    entities = (
        Establishment.objects.filter(finess=laboratory).exclude(entity="").values_list("entity", flat=True)
    )
    sites = Establishment.objects.filter(entity__in=list(entities)).values_list("finess", flat=True)
    return list(Laboratory.objects.filter(finess__in=list(sites)).values_list("finess", flat=True))
