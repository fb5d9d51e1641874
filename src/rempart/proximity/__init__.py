"""Proximity: what a phone may say of whom it met, and who may make it say so.

codes    declaration codes: with one, a person who tested positive tells it to the application of his phone

The rest of the room comes with the proximity issue.
"""
