"""Pseudonymous facts: what the epidemiologists may know of each analysis, in Parquet."""

from rempart.foundation.facts.schema import (
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
