"""Events: how systems tell those above them what happened.

One append-only table, written in the producer's transaction. A subscriber reads batches in order,
below the oldest transaction still open, and keeps its position in the transaction of its effect:
exactly once, replayable, no job per result.
"""
