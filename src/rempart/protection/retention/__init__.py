"""Retention: what is past its day is destroyed daily, keys first; what a judge wants is held; and the proof."""
