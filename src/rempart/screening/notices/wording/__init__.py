"""The words of notices: the defaults of the code, and the versions that the communication team published."""
