"""The web application."""

import os

from django.core.asgi import get_asgi_application
from django.urls import get_resolver

from rempart.site import lifeline
from rempart.site.bodies import bounded

lifeline.follow()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.site.settings")
application = bounded(get_asgi_application())
_ = get_resolver().url_patterns  # a page that cannot be imported stops the server now, not at its first visit
