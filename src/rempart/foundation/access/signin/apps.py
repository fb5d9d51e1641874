"""Sign-in as a Django application of its own: its table, templates and signals."""

from django.apps import AppConfig


class SignInConfig(AppConfig):
    name = "rempart.foundation.access.signin"
    label = "signin"

    def ready(self) -> None:
        from rempart.foundation.access.signin import sessions

        sessions.follow_logins()
