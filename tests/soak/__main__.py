"""`python -m tests.soak`: see running.py. Django is set up before anything that needs it is imported."""

import os

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.site.settings")
    os.environ.setdefault("REMPART_SECRET_KEY", "of this soak")
    django.setup()
    from tests.soak.running import main

    main()
