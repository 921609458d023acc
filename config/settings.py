"""All settings, in one file, read from the environment (and from ``.env`` beside ``manage.py`` if there is one).

``ENVIRONMENT`` is ``production`` (the default: forgetting it must not open anything), ``demo`` or ``test``. Secrets
come from the environment only. Docs: README, "Settings".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

ENVIRONMENT: str = env.str("ENVIRONMENT", default="production")
if ENVIRONMENT not in {"production", "demo", "test"}:
    raise ImproperlyConfigured(f"ENVIRONMENT is {ENVIRONMENT!r}: it must be production, demo or test")
PRODUCTION = ENVIRONMENT == "production"

DEBUG: bool = env.bool("DEBUG", default=False)
SECRET_KEY: str = env.str("SECRET_KEY") if PRODUCTION else env.str("SECRET_KEY", default="not-a-secret-" * 4)
# Sessions signed with an older key hold as long as that is named here.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_celery_beat",
    "playback",
    "members",
]

MIDDLEWARE = [
    "playback.views.request_id.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "playback.views.language.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ---------------------------------------------------------------- database, broker, cache

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}"),
}
DATABASES["default"]["ATOMIC_REQUESTS"] = False
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Tests use a file too: workers and servers of their own process must see it.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    # Without this, writers of several processes meet "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)  # s; a lost host says so soon
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
# Staff stay signed in when the cache is emptied.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # no results are kept: without this, beat adds a task that cleans them up
CELERY_TASK_DEFAULT_QUEUE = "sync"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A killed worker's task comes back after the visibility timeout; the throttle of the sweep is lowered, or it would
# take another 100 s. The timeout is longer than the longest task (a full sync pass of a large account).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "Asia/Shanghai"

# ---------------------------------------------------------------- the vendor

BAIJIAYUN_PARTNER_ID: str = env.str("BAIJIAYUN_PARTNER_ID", default="")
BAIJIAYUN_PARTNER_KEY: str = env.str("BAIJIAYUN_PARTNER_KEY", default="")
BAIJIAYUN_PRIVATE_DOMAIN: str = env.str("BAIJIAYUN_PRIVATE_DOMAIN", default="")
BAIJIAYUN_BASE_URL: str = env.str("BAIJIAYUN_BASE_URL", default="")  # replaces the domain: the sandbox, a proxy
BAIJIAYUN_PATHS: dict[str, str] = env.json("BAIJIAYUN_PATHS", default={})
BAIJIAYUN_PRODUCT_TYPES: list[int] = env.list("BAIJIAYUN_PRODUCT_TYPES", cast=int, default=[1, 2, 3, 4])
BAIJIAYUN_CALLS_PER_WINDOW: int = env.int("BAIJIAYUN_CALLS_PER_WINDOW", default=200)  # in any 10 s
BAIJIAYUN_TIMEOUT: float = env.float("BAIJIAYUN_TIMEOUT", default=15.0)  # s, for one answer
PLAYER_TOKEN_SECONDS: int = env.int("PLAYER_TOKEN_SECONDS", default=4 * 3600)  # how long a preview's token lives
SYNC_PAGE_SIZE: int = env.int("SYNC_PAGE_SIZE", default=1000)  # rows asked for at once; the vendor's most is 1000
SYNC_FETCHERS: int = env.int("SYNC_FETCHERS", default=12)  # threads that ask for a list's pages ahead; 1: none
SYNC_GONE_SHARE: float = env.float("SYNC_GONE_SHARE", default=0.10)  # above it a full run asks a person
# An item's worker is taken for dead after the lease (s; longer than the longest call with its retries).
OPERATION_LEASE_SECONDS: float = env.float("OPERATION_LEASE_SECONDS", default=120.0)
OPERATION_GRACE_SECONDS: float = env.float("OPERATION_GRACE_SECONDS", default=180.0)  # then a task counts as lost
# How long (s) a delete whose answer was lost may still take effect before it is said to have changed nothing.
OPERATION_PATIENCE_SECONDS: float = env.float("OPERATION_PATIENCE_SECONDS", default=60.0)
OPERATION_SETTLE_SECONDS: float = env.float("OPERATION_SETTLE_SECONDS", default=3.0)  # first look after a lost answer
# People whom no list has named for so many days lose name, number, phone and mail here; 0: nobody does.
MEMBERS_ANONYMISE_AFTER_DAYS: int = env.int("MEMBERS_ANONYMISE_AFTER_DAYS", default=0)
# What callbacks may be signed with: several while a key is exchanged. Empty: the partner key.
BAIJIAYUN_CALLBACK_KEYS: list[str] = env.list("BAIJIAYUN_CALLBACK_KEYS", default=[])
# How far (s) a callback's time may be from ours: the vendor repeats what was not answered. 0: it is not looked at.
BAIJIAYUN_CALLBACK_WINDOW: int = env.int("BAIJIAYUN_CALLBACK_WINDOW", default=86_400)
# A recording that is not ready for so long (s) is looked up by itself: its callback may never come.
CALLBACK_OVERDUE_SECONDS: int = env.int("CALLBACK_OVERDUE_SECONDS", default=1_800)
TRASH_DAYS: int = env.int("TRASH_DAYS", default=7)  # in the trash, before the vendor is asked to delete it

EXPIRY_DIGEST_DAYS: int = env.int("EXPIRY_DIGEST_DAYS", default=14)  # the daily mail tells what expires within them

# ---------------------------------------------------------------- mail

SITE_URL: str = env.str("SITE_URL", default="")  # where others reach this site: links in mails, callbacks
# smtp+tls://user:password@mail.example.org:587. Without it nothing is sent; demo and test write files.
EMAIL_URL: str = env.str("EMAIL_URL", default="" if PRODUCTION else f"filemail:///{VAR_DIR / 'mail'}")
if EMAIL_URL:
    _mail: dict[str, Any] = env.email_url_config(EMAIL_URL)
    if _mail["EMAIL_PORT"] is None:
        _mail["EMAIL_PORT"] = 465 if _mail.get("EMAIL_USE_SSL") else 587 if _mail.get("EMAIL_USE_TLS") else 25
    globals().update({name: value for name, value in _mail.items() if name.startswith("EMAIL_")})
EMAIL_TIMEOUT = 20  # s
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="backoffice@localhost")

# ---------------------------------------------------------------- sign-in

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "members.teaching.rights.RoomTeachers",  # what a teacher may do with the recordings of their rooms
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
LOGOUT_REDIRECT_URL = "admin:login"
AXES_ENABLE_ADMIN = False
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # h
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "429.html"

# ---------------------------------------------------------------- language and time

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"  # the vendor's strings and our staff's clocks; stored values are UTC

# ---------------------------------------------------------------- pages

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if ENVIRONMENT == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Tests run beside the demo's, which collects these files: they must not be listed meanwhile.
WHITENOISE_AUTOREFRESH = ENVIRONMENT == "test"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000  # an editor of 500 mark points sends two fields for each
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# The theme evaluates Alpine expressions (unsafe-eval) and sets style attributes (unsafe-inline for styles only).
# The preview page alone adds the player's origin to frame-src.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:", "https:", "http:"],  # covers come from the vendor's image hosts
        "frame-src": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [SELF],
        "object-src": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
if PRODUCTION:
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, past the proxy that ends TLS
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Recordings back-office"),
    "SITE_HEADER": _("Recordings back-office"),
    "SITE_SYMBOL": "smart_display",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("playback/favicon.svg")},
    ],
    "SITE_URL": None,  # there is no site beside the admin
    "LOGIN": {"form": "members.teaching.sign_in_form.AdminSignInForm"},  # teachers too: they are sent on
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda request: static("playback/backoffice.css")],
    "SCRIPTS": [
        lambda request: static("playback/backoffice.js"),
        lambda request: static("playback/picked.js"),
    ],
    "DASHBOARD_CALLBACK": "playback.admin.dashboard.context",
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "playback.admin.navigation.sidebar",
    },
    "COLORS": {
        "primary": {
            "50": "#eff6ff",
            "100": "#dbeafe",
            "200": "#bfdbfe",
            "300": "#93c5fd",
            "400": "#60a5fa",
            "500": "#3b82f6",
            "600": "#2563eb",
            "700": "#1d4ed8",
            "800": "#1e40af",
            "900": "#1e3a8a",
            "950": "#172554",
        },
    },
}

if ENVIRONMENT == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; nothing real is signed in there

# ---------------------------------------------------------------- watched by machines

# The parts without which /readyz answers 503: database, broker, beat, sync.
READY_REQUIRES: list[str] = env.list("READY_REQUIRES", default=["database", "broker", "beat"])
# From which age (s) data counts as old: what is new, and what only a reading of everything finds. Pages warn and
# /readyz tells.
STALE_AFTER_SECONDS: int = env.int("STALE_AFTER_SECONDS", default=3_600)
STALE_FULL_AFTER_SECONDS: int = env.int("STALE_FULL_AFTER_SECONDS", default=36 * 3_600)
STALE_AFTER_BY_KIND: dict[str, str] = env.dict("STALE_AFTER_BY_KIND", default={})  # recordings=600,rooms.full=86400
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")  # for /metrics; empty: this machine alone may ask
LOG_FORMAT: str = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}: it must be line or json")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "playback.tracing.WithRequestId"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"},
        "json": {"()": "playback.tracing.json_formatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id"]},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
