"""The web application."""

import os

from django.core.asgi import get_asgi_application

from rempart.site.bodies import bounded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.site.settings")
application = bounded(get_asgi_application())
