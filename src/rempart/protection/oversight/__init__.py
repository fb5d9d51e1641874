"""Oversight: what the committee that watches over the platform reads. Figures only; none names a person.

Each day is counted into a small table (services/counting.py), which outlives what was counted; the pages and the quarterly
report read it alone.
"""
