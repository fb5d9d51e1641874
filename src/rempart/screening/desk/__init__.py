"""The laboratory's desk: what became of its messages, what to correct and how, its delays, its silence (decision 032).

rules       which findings are to correct, delays as counts of hours, days that are alike, masking
services    counting (the subscriber that follows the intake), reading, opening, judging again, watching
"""
