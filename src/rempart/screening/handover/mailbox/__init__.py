"""`rempart mailbox`: the laboratory's side, on a computer of its own, without a database.

What comes into its secure mailbox is sorted by site, filed or printed, and deleted in time.
"""
