"""Django's settings, derived from the configuration; nothing is decided twice."""

from __future__ import annotations

import sys
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from rempart.foundation.access.signin import policy as sign_in
from rempart.site.configuration import configuration

CONFIGURATION = configuration()

DEBUG = CONFIGURATION.debug
DEMO = CONFIGURATION.demo
ALLOWED_HOSTS = list(CONFIGURATION.hosts)
PUBLIC_URL = CONFIGURATION.public_url.rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE = CONFIGURATION.secure
PROXIES = CONFIGURATION.proxies
PATHOGEN = CONFIGURATION.pathogen
KEY_STORE = CONFIGURATION.key_store
TRUST = CONFIGURATION.trust
ANCHORS_ROOT = CONFIGURATION.anchors
FACTS_ROOT = CONFIGURATION.facts
AUDIT_STRICT = DEBUG or DEMO
PRO_SANTE_CONNECT = CONFIGURATION.pro_sante_connect.provider()
PRO_SANTE_CONNECT_PHONE = PRO_SANTE_CONNECT is not None and CONFIGURATION.pro_sante_connect.ciba
FRANCE_CONNECT = CONFIGURATION.france_connect.provider()
INS_TELESERVICE = CONFIGURATION.ins.endpoint()
MAIL_RELAY = CONFIGURATION.mail.relay()
DKIM_SELECTOR = CONFIGURATION.mail.dkim_selector
BOUNCES = CONFIGURATION.bounces.account()
SMS_CENTRE = CONFIGURATION.sms.gateway()
LETTERS = CONFIGURATION.letters
HEALTH_MAIL = CONFIGURATION.mssante.health_mail()
WHITE_LIST = CONFIGURATION.white_list
BRAND = CONFIGURATION.brand
MARIANNE = CONFIGURATION.marianne

SECRET_KEY = CONFIGURATION.secret_key  # Django refuses to sign with an empty one

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "widget_tweaks",
    "dsfr",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "rempart.foundation.people",
    "rempart.foundation.directories",
    "rempart.foundation.access",
    "rempart.foundation.access.signin",
    "rempart.foundation.audit",
    "rempart.foundation.events",
    "rempart.foundation.messaging",
    "rempart.proximity",
    "rempart.screening",
    "rempart.tracing",
    "rempart.surveillance",
    "rempart.protection.accesses",
    "rempart.protection.retention",
    "rempart.protection.rights",
    "rempart.protection.exchange",
    "rempart.protection.catalogue",
    "rempart.protection.oversight",
    "rempart.site",
]

MIDDLEWARE = [
    "rempart.site.headers.protective_headers",
    "rempart.site.middleware.streams_hold_no_connection",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "rempart.screening.portal.languages.spoken",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "rempart.site.middleware.who_and_when",
    "rempart.foundation.access.signin.middleware.bounded_sessions",
    "rempart.site.middleware.errors_become_answers",
    "rempart.site.limiting.within_limits",
    "rempart.site.doors.every_door",
]

ROOT_URLCONF = "rempart.site.urls"
ASGI_APPLICATION = "rempart.site.asgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "rempart.site.context.shell",
            ],
        },
    }
]


def _database(url: str, *, pooled: bool) -> dict[str, Any]:
    parts = conninfo_to_dict(url) if url else {}
    options: dict[str, Any] = {
        k: v for k, v in parts.items() if k in ("sslmode", "sslrootcert", "connect_timeout")
    }
    options["prepare_threshold"] = (
        sys.maxsize
    )  # what asks for it is prepared; left out, Django forbids it to all
    if pooled:
        # a server that comes back is found within seconds: by default the pauses double for five minutes
        options["pool"] = {"min_size": 1, "max_size": 12, "timeout": 10, "reconnect_timeout": 4}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "rempart"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "OPTIONS": options,
        "ATOMIC_REQUESTS": False,
    }


DATABASES = {
    "default": _database(CONFIGURATION.database_url, pooled=bool(CONFIGURATION.database_url)),
    "owner": _database(CONFIGURATION.database_owner_url or CONFIGURATION.database_url, pooled=False),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.Agent"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "rempart.foundation.access.signin.passwords.LongEnough",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "rempart.foundation.access.signin.passwords.FourKinds"},
    {"NAME": "rempart.foundation.access.signin.passwords.NoCommonWord"},
    {"NAME": "rempart.foundation.access.signin.passwords.NotCommon"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "/connexion/"
LOGIN_REDIRECT_URL = "/espace/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "rempart.foundation.access.signin.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # allauth wants them named; nobody signs up
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False  # closing the browser ends the session
ACCOUNT_LOGIN_TIMEOUT = int(sign_in.policy().second_step.total_seconds())
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # access/limits.py counts, for all processes together
MFA_ADAPTER = "rempart.foundation.access.signin.adapters.FactorsAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_REAUTHENTICATION_REQUIRED = False  # `again` in data/doors.toml asks

SESSION_ENGINE = "rempart.site.sessions"
# a name that begins so is taken by a browser from this very host only, over https, for the whole of it
SESSION_COOKIE_NAME = "__Host-session" if CONFIGURATION.secure else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if CONFIGURATION.secure else "csrf"
MESSAGE_STORAGE = (
    "django.contrib.messages.storage.session.SessionStorage"  # by default, in a cookie of its own
)
SESSION_COOKIE_AGE = int(sign_in.policy().longest.total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIGURATION.secure
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 50_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = (
    DATA_UPLOAD_MAX_MEMORY_SIZE  # a delivery never lies in clear in a temporary file
)

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English"), ("ar", "العربية"), ("pt", "Português")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"  # of what agents read; inside, and in PostgreSQL, everything is UTC

STATIC_URL = "/static/"
STATIC_ROOT = CONFIGURATION.static

PROCRASTINATE_PERIODIC_DEFAULTS = {
    "max_delay": 86_400
}  # a task missed while nobody worked runs at the next start

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {
        "references": {"()": "rempart.site.logs.WithoutReferences"},
        "counted": {"()": "rempart.site.logs.CountedRefusals"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["counted", "references"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # a trace of 30 lines for whoever asks
    },
}
