"""The operator's commands: a file each, put together by `site/cli.py`."""
