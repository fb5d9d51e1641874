"""The site: settings, addresses, the shell every page shares, the command line, the worker."""
