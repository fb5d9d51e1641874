"""What retention does: the daily run, the holds, the proof."""
