"""Pseudonymous facts: what the epidemiologists may know of each analysis, in Parquet."""

from rempart.foundation.facts.schema import (
    AGE_CLASSES,
    FactsError,
    Kind,
    Result,
    ResultFact,
    Sex,
    age_class,
)
from rempart.foundation.facts.store import (
    FactsStatus,
    compact,
    fingerprint,
    query,
    read,
    status,
    write_batch,
)

__all__ = [
    "AGE_CLASSES",
    "FactsError",
    "FactsStatus",
    "Kind",
    "Result",
    "ResultFact",
    "Sex",
    "age_class",
    "compact",
    "fingerprint",
    "query",
    "read",
    "status",
    "write_batch",
]
