"""People: who a result belongs to.

Traits are sealed in immutable identity records, as they were received, each with its blind indexes.
A person is a set of reversible links between such records, never a merge of rows.
"""
