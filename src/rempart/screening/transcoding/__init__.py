"""What a laboratory calls its analyses and its results, beside the codes that everybody knows (decision 032).

rules       lines, what keeps one from being taken, the table as the decoders ask it
snapshot    the table as a process last saw it
services    adding, ending and listing lines; the queue of what nothing translates
noting      what nothing translates in the messages that were refused
"""
