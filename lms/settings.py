"""One settings file, fed by the environment (see `.env.example`), failing loudly.

`AULA_MODE=embedded` (the default) needs no server beside it: SQLite, files on disk, a broker of files; its keys are
made once under `var/`. `AULA_MODE=production` takes everything from the environment and refuses to start without it.
"""

import contextlib
import csv
import hashlib
import os
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from environs import Env
from kombu import Queue

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)

VAR_DIR = Path(env.str("AULA_VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)
MODE = env.str("AULA_MODE", "embedded")
if MODE not in {"embedded", "production"}:
    raise ImproperlyConfigured("AULA_MODE must be 'embedded' or 'production'")
PRODUCTION = MODE == "production"


def key(name: str) -> str:
    """The secret key `name`: from the environment, or, embedded, made once and kept under `var/keys/` (mode 0600)."""
    if value := env.str(name, ""):
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"{name} must be set in production")
    folder = VAR_DIR / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name.lower()
    fresh = folder / f"{name.lower()}.{os.getpid()}"
    if not path.exists():
        fresh.write_text(secrets.token_urlsafe(48))
        fresh.chmod(0o600)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text()


DEBUG = env.bool("AULA_DEBUG", False)
SECRET_KEY = key("AULA_SECRET_KEY")
# Encrypts the CUI and keys the digest it is found by: never in the database, never the same as SECRET_KEY.
IDENTITY_KEY = key("AULA_IDENTITY_KEY")

PUBLIC_URL = env.str("AULA_PUBLIC_URL", "" if PRODUCTION else "http://localhost:8000").rstrip("/")
if not PUBLIC_URL:
    raise ImproperlyConfigured("AULA_PUBLIC_URL must be set in production, for example https://aula.example.org")
HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
if PRODUCTION and not HTTPS and not env.bool("AULA_ALLOW_HTTP", False):
    raise ImproperlyConfigured("AULA_PUBLIC_URL must begin with https:// in production")
WAGTAILADMIN_BASE_URL = PUBLIC_URL
ALLOWED_HOSTS = env.list("AULA_ALLOWED_HOSTS", [urlsplit(PUBLIC_URL).hostname] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "lms",
    "media",
    "courses",
    "certificates",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "wagtail.contrib.redirects",
    "wagtail.contrib.typed_table_block",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_filters",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
]

MIDDLEWARE = [
    # Whatever is not a plain write of progress it hands on untouched (docs/decisions/0063).
    "courses.middleware.ShortWayMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lms.middleware.NullCharacterMiddleware",
    "lms.middleware.OriginMiddleware",
    "lms.middleware.ContentSecurityPolicyMiddleware",
    "lms.middleware.CompressionMiddleware",
    "lms.middleware.KeptPagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "lms.middleware.PersonMiddleware",
    "lms.middleware.StrangersFilesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lms.middleware.PrivatePagesMiddleware",
    "lms.middleware.SecondFactorMiddleware",
    "lms.middleware.BackOfficeMiddleware",
    "media.middleware.ViewerMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

ROOT_URLCONF = "lms.urls"
WSGI_APPLICATION = "lms.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS: list[str] = []

TEMPLATES = [
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
                "lms.context.site",
            ],
        },
    }
]
FORM_RENDERER = "lms.forms.FormRenderer"

# Data -------------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'aula.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    if PRODUCTION and not env.bool("AULA_ALLOW_SQLITE", False):
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database in production")
    # Opening the file costs as much as ten statements, and whoever closes it last writes its journal back.
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        pool={"min_size": 1, "max_size": env.int("AULA_DATABASE_POOL", 8), "timeout": 10},
        # Of the statements of `lms.models.line` alone; Django's own are never prepared. Each is planned once.
        options="-c plan_cache_mode=force_generic_plan",
    )

REDIS_URL = env.str("REDIS_URL", "")
if PRODUCTION and not REDIS_URL:
    raise ImproperlyConfigured("REDIS_URL must be set in production")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "lms.caches.CountingRedisCache", "LOCATION": REDIS_URL}}
else:
    CACHES = {
        "default": {
            "BACKEND": "lms.caches.CountingFileCache",
            "LOCATION": VAR_DIR / "cache",
            # The default, 300, throws counts of tries away at random under the first flood.
            "OPTIONS": {"MAX_ENTRIES": 5000},
        }
    }

# What says the same to every reader is kept so long (docs/decisions/0035); 0 keeps nothing.
KEPT_SECONDS = env.int("AULA_KEPT_SECONDS", 0 if DEBUG else 60)
# The views whose pages are kept whole for strangers: they show everybody the same, and nobody's name.
KEPT_PAGES = frozenset(
    {"lms:home", "courses:catalogue", "courses:tools", "courses:paths", "courses:path", "wagtail_serve"}
)

MEDIA_ROOT = Path(env.str("AULA_FILES_DIR", str(VAR_DIR / "files")))
MEDIA_URL = "/archivos/"
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"] if (BASE_DIR / "templates" / "static").exists() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.bool("AULA_HASHED_STATIC", True)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
S3_BUCKET = env.str("AULA_S3_BUCKET", "")
S3_ENDPOINT = env.str("AULA_S3_ENDPOINT", "")
if S3_BUCKET and not S3_ENDPOINT:
    raise ImproperlyConfigured("AULA_S3_ENDPOINT must name the storage of AULA_S3_BUCKET, for browsers are sent there")
if S3_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "lms.buckets.BucketStorage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": S3_ENDPOINT,
            "region_name": env.str("AULA_S3_REGION", "us-east-1"),  # it is signed with, also where there is but one
            "access_key": env.str("AULA_S3_ACCESS_KEY", None),
            "secret_key": env.str("AULA_S3_SECRET_KEY", None),
        },
    }
# Who sends films, documents and certificates (docs/decisions/0021): the web process itself, nginx (deploy/nginx), or
# the storage, by addresses that it signs.
MEDIA_DELIVERY = env.str("AULA_MEDIA_DELIVERY", "storage" if S3_BUCKET else "django")
if MEDIA_DELIVERY not in {"django", "nginx", "storage"}:
    raise ImproperlyConfigured("AULA_MEDIA_DELIVERY must be 'django', 'nginx' or 'storage'")
if (MEDIA_DELIVERY == "storage") != bool(S3_BUCKET):
    raise ImproperlyConfigured("AULA_MEDIA_DELIVERY=storage goes with AULA_S3_BUCKET, and each needs the other")
# What films' addresses are sealed with; nginx knows it as well, so it is never the secret key itself.
DELIVERY_SECRET = env.str("AULA_DELIVERY_SECRET", "") or hashlib.sha256(f"delivery:{SECRET_KEY}".encode()).hexdigest()
if not re.fullmatch(r"[A-Za-z0-9_-]{32,128}", DELIVERY_SECRET):
    raise ImproperlyConfigured("AULA_DELIVERY_SECRET must be 32 to 128 letters, digits, - and _")
# What nginx wrote of films that it sent, for `count_delivered`.
DELIVERY_LOG = Path(env.str("AULA_DELIVERY_LOG", "/var/log/nginx/aula-delivery.log"))
if MEDIA_DELIVERY == "nginx":
    SENDFILE_BACKEND = "lms.views.sending"
# What a gigabyte (10⁹ bytes) costs, in quetzales; without it reports say bytes alone.
PRICE_PER_GB = env.decimal("AULA_PRICE_PER_GB", None)
FILE_UPLOAD_TEMP_DIR = str(VAR_DIR / "tmp")
Path(FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = [
    "lms.upload_handlers.LimitHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # Wagtail's editor sends one field for each block

# Video: uploads on their way (shared between web servers, on the files' own disk) and the worker's scratch space.
UPLOADS_DIR = Path(env.str("AULA_UPLOADS_DIR", str(VAR_DIR / "uploads")))
WORK_DIR = Path(env.str("AULA_WORK_DIR", str(VAR_DIR / "work")))
MAX_UPLOAD_BYTES = env.int("AULA_MAX_UPLOAD_BYTES", 4 * 1024**3)
# How many days after a video is ready its original is kept; None keeps it always.
KEEP_ORIGINALS = env.str("AULA_KEEP_ORIGINALS", "always")
if KEEP_ORIGINALS != "always" and not KEEP_ORIGINALS.isdecimal():
    raise ImproperlyConfigured("AULA_KEEP_ORIGINALS must be always, or a number of days")
KEEP_ORIGINALS_DAYS = None if KEEP_ORIGINALS == "always" else int(KEEP_ORIGINALS)
# What each person may keep of uploads, originals and papers together; 0 sets no limit.
UPLOAD_QUOTA_BYTES = env.int("AULA_UPLOAD_QUOTA_MB", 50 * 1024) * 1024**2
# A command that looks for viruses in {path} and ends with 0 (clean) or 1 (found), as clamdscan does; empty: none.
VIRUS_SCAN_COMMAND = env.str("AULA_VIRUS_SCAN_COMMAND", "")
if VIRUS_SCAN_COMMAND and "{path}" not in VIRUS_SCAN_COMMAND:
    raise ImproperlyConfigured("AULA_VIRUS_SCAN_COMMAND must name the file as {path}")
# A command that listens to a video and writes captions, with {audio}, {language} and {output}; empty: none.
SPEECH_COMMAND = env.str("AULA_SPEECH_COMMAND", "")
SPEECH_MAX_SECONDS = env.int("AULA_SPEECH_MAX_SECONDS", 6 * 3600)
SPEECH_MEMORY_BYTES = env.int("AULA_SPEECH_MEMORY_BYTES", 8 * 1024**3)

# People -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "lms.Person"
AUTHENTICATION_BACKENDS = ["lms.backends.IdentifierBackend"]
PASSWORD_HASHERS = ["lms.backends.Argon2idHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("given_names", "surnames", "email", "phone")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "lms:sign_in"
LOGIN_REDIRECT_URL = "courses:learning"
LOGOUT_REDIRECT_URL = "lms:home"
SESSION_ENGINE = "lms.sessions"
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# Signing in (docs/decisions/0009) ---------------------------------------------------------------------------------
# Who holds a role gives a second factor; embedded, the people of the demo need none.
SECOND_FACTOR = env.str("AULA_SECOND_FACTOR", "staff")
if SECOND_FACTOR not in {"staff", "off"}:
    raise ImproperlyConfigured("AULA_SECOND_FACTOR must be 'staff' or 'off'")
SECOND_FACTOR_SPARES_DEMO = not PRODUCTION
ACCOUNT_ADAPTER = "lms.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}  # the sign-in form is ours; allauth's is not mounted
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
ACCOUNT_SESSION_REMEMBER = None
# By key (one account), never by address: a town hall has one. The sign-in form counts by itself (lms/views/limits.py).
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key", "reauthenticate": "10/5m/user"}
MFA_ADAPTER = "lms.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # e-mail is optional here, and no way to take an account over
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "Aula Municipal"
MFA_RATE_LIMITS = {"webauthn_login": "300/5m/ip"}
MFA_FORMS = {
    "authenticate": "lms.forms.access.FactorForm",
    "reauthenticate": "lms.forms.access.FactorAgainForm",
    "activate_totp": "lms.forms.access.ActivateForm",
    "add_webauthn": "lms.forms.access.AddPasskeyForm",
    "edit_webauthn": "lms.forms.access.NamePasskeyForm",
    "login_webauthn": "lms.forms.access.PasskeySignInForm",
    "authenticate_webauthn": "lms.forms.access.PasskeyAtDoorForm",
    "reauthenticate_webauthn": "lms.forms.access.PasskeyAgainForm",
}
ACCOUNT_FORMS = {"reauthenticate": "lms.forms.access.PasswordAgainForm"}
# One OpenID Connect issuer, switched on by naming it.
OIDC_ISSUER = env.str("AULA_OIDC_ISSUER", "").rstrip("/")
OIDC_NAME = env.str("AULA_OIDC_NAME", "")
OIDC_CLIENT_ID = env.str("AULA_OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env.str("AULA_OIDC_CLIENT_SECRET", "")
if OIDC_ISSUER and not (OIDC_NAME and OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("AULA_OIDC_ISSUER asks for AULA_OIDC_NAME, AULA_OIDC_CLIENT_ID and _CLIENT_SECRET")
if OIDC_ISSUER and HTTPS and not OIDC_ISSUER.startswith("https://"):
    raise ImproperlyConfigured("AULA_OIDC_ISSUER must begin with https://")
OIDC_ORIGIN = "{0.scheme}://{0.netloc}".format(urlsplit(OIDC_ISSUER)) if OIDC_ISSUER else ""
SOCIALACCOUNT_ADAPTER = "lms.adapters.IssuerAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SOCIALACCOUNT_PROVIDERS = (
    {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "institucion",
                    "name": OIDC_NAME,
                    "client_id": OIDC_CLIENT_ID,
                    "secret": OIDC_CLIENT_SECRET,
                    "settings": {"server_url": OIDC_ISSUER},
                }
            ],
        }
    }
    if OIDC_ISSUER
    else {}
)

# Languages and time -----------------------------------------------------------------------------------------------
# Interface texts are written in Spanish in the code (docs/decisions/0003); every other language is a catalogue.
LANGUAGE_CODE = "es"
INTERFACE_LANGUAGES = [("es", "Español"), ("en", "English")]
# Courses are also written in the languages of the country (docs/decisions/0033). Django must know those, too, but has
# no catalogue for them, and therefore never speaks them; a sign language is not written.
with (BASE_DIR / "lms" / "data" / "languages.csv").open(encoding="utf-8") as rows:
    spoken = [(row["key"], row["endonym"]) for row in csv.DictReader(rows)]
WRITTEN_LANGUAGES = [one for one in spoken if not one[0].startswith("sgn")]
for code, name in WRITTEN_LANGUAGES:
    LANG_INFO.setdefault(code, {"bidi": False, "code": code, "name": name, "name_local": name})
LANGUAGES = [*INTERFACE_LANGUAGES, *(one for one in WRITTEN_LANGUAGES if one[0] not in dict(INTERFACE_LANGUAGES))]
LOCALE_PATHS = [BASE_DIR / "lms" / "locale"]
TIME_ZONE = "America/Guatemala"
USE_TZ = True
FORMAT_MODULE_PATH = ["lms.formats"]

# Security ---------------------------------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"  # Wagtail's preview, which shows our pages in a frame of our own, says otherwise itself
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# How many of our own proxies add to X-Forwarded-For; 0 takes the connection's address.
TRUSTED_PROXIES = env.int("AULA_TRUSTED_PROXIES", 1 if HTTPS else 0)
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^salud/$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
STORAGE_SOURCES = ["{0.scheme}://{0.netloc}".format(urlsplit(S3_ENDPOINT))] if S3_BUCKET else []
MEDIA_SOURCES = [SELF, "blob:", *STORAGE_SOURCES]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": MEDIA_SOURCES,
        "connect-src": MEDIA_SOURCES,
        "font-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        # Signing in with an institution's account is a form of ours that leads to its server.
        "form-action": [SELF, *([OIDC_ORIGIN] if OIDC_ORIGIN else [])],
        "frame-ancestors": [SELF],
        "base-uri": [NONE],
    }
}
# Wagtail's editor writes inline styles and scripts; it lives under /cms/ alone, behind a sign-in.
CMS_CONTENT_SECURITY_POLICY = {
    "default-src": [SELF],
    "script-src": [SELF, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
    "media-src": MEDIA_SOURCES,
    "connect-src": MEDIA_SOURCES,
    "frame-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [SELF],
    "base-uri": [SELF],
}

# Wagtail ----------------------------------------------------------------------------------------------------------
WAGTAIL_SITE_NAME = "Aula Municipal"
COURSE_PAGE_MODEL = "courses.CoursePage"  # what a role over one course names; the kernel knows no more of it
WAGTAIL_I18N_ENABLED = False
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
WAGTAILADMIN_PERMITTED_LANGUAGES = INTERFACE_LANGUAGES
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_WORKFLOW_ENABLED = True  # where it is turned on under Revisión; elsewhere those who write publish
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_USAGE_COUNT_ENABLED = True
WAGTAIL_ALLOW_UNICODE_SLUGS = False
WAGTAILADMIN_LOGIN_URL = "lms:sign_in"
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
WAGTAILIMAGES_EXTENSIONS = ["jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 15 * 1024 * 1024
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 40_000_000
WAGTAILIMAGES_FORMAT_CONVERSIONS = {"jpeg": "webp", "png": "webp"}
WAGTAILIMAGES_IMAGE_FORM_BASE = "media.views.images.ImageForm"
WAGTAILDOCS_EXTENSIONS = ["pdf", "docx", "xlsx", "pptx", "ppsx", "odt", "ods", "odp"]
WAGTAILDOCS_DOCUMENT_FORM_BASE = "media.views.documents.DocumentForm"
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_INLINE_CONTENT_TYPES = ["application/pdf"]

# Work -------------------------------------------------------------------------------------------------------------
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 12 * 3600,
        # Somebody's request waits for a broker that says nothing; without these, for ever.
        "socket_connect_timeout": 2,
        "socket_timeout": 3,
    }
else:
    QUEUE_DIR = VAR_DIR / "queue"
    for name in ("messages", "control"):
        (QUEUE_DIR / name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "aula-files://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "control_folder": str(QUEUE_DIR / "control"),
        # A worker looks so often for messages: two jobs a look, so this also bounds small jobs (20 a second).
        "polling_interval": 0.1,
    }
# Hours of transcoding must not keep a certificate or the reaper waiting: they have a queue and a worker of their own.
CELERY_TASK_DEFAULT_QUEUE = "aula"
CELERY_TASK_QUEUES = [Queue("aula"), Queue("aula-media")]
JOB_QUEUES = {
    **dict.fromkeys(("media.transcode", "media.cut", "media.track"), "aula-media"),
    "media.speech": env.str("AULA_SPEECH_QUEUE", "aula-media"),
}
if JOB_QUEUES["media.speech"] not in {"aula", "aula-media"}:
    CELERY_TASK_QUEUES.append(Queue(JOB_QUEUES["media.speech"]))
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}  # the reaper does the rest
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "reap-jobs": {"task": "lms.tasks.reap_jobs", "schedule": 10, "options": {"expires": 10}},
    "sweep-owed-certificates": {
        "task": "certificates.tasks.sweep_owed",
        "schedule": 30,
        "options": {"expires": 30},
    },
    "publish-checkpoint": {
        "task": "certificates.tasks.publish_checkpoint",
        # Again each hour: whoever was away at midnight signs the day's one later.
        "schedule": crontab(minute=4),
        "options": {"expires": 1800},
    },
    "forget-packages": {
        "task": "certificates.tasks.forget_packages",
        "schedule": crontab(minute=34),
        "options": {"expires": 1800},
    },
    "renew-time": {
        "task": "certificates.tasks.renew_time",
        "schedule": crontab(minute=49),
        "options": {"expires": 1800},
    },
    "sweep-private-strays": {
        "task": "certificates.tasks.sweep_strays",
        "schedule": crontab(hour=3, minute=40),
        "options": {"expires": 6 * 3600},
    },
    "sync-activities": {"task": "courses.tasks.sync_activities", "schedule": 600, "options": {"expires": 600}},
    "seek-duplicates": {
        "task": "lms.tasks.seek_duplicates",
        "schedule": crontab(hour=2, minute=20),
        "options": {"expires": 6 * 3600},
    },
    "send-digests": {
        "task": "courses.tasks.send_digests",
        # Again each hour of the day: whoever was away at half past seven holds the day's one round later.
        "schedule": crontab(hour="7-18", minute=30),
        "options": {"expires": 1800},
    },
    "close-overdue-attempts": {"task": "courses.tasks.close_overdue", "schedule": 60, "options": {"expires": 60}},
    "apply-course-rules": {"task": "courses.tasks.apply_rules", "schedule": 60, "options": {"expires": 60}},
    "fill-seats": {"task": "courses.tasks.fill_seats", "schedule": 300, "options": {"expires": 300}},
    "keep-assignments": {"task": "courses.tasks.keep_assignments", "schedule": 600, "options": {"expires": 600}},
    "sweep-handed-files": {
        "task": "courses.tasks.sweep_handed",
        "schedule": crontab(hour=3, minute=20),
        "options": {"expires": 6 * 3600},
    },
    "sweep-imports": {"task": "lms.tasks.sweep_imports", "schedule": 3600, "options": {"expires": 3600}},
    "sweep-lost-videos": {"task": "media.tasks.sweep_lost_videos", "schedule": 60, "options": {"expires": 60}},
    "sweep-access-codes": {"task": "lms.tasks.sweep_access_codes", "schedule": 3600, "options": {"expires": 3600}},
    "note-closed-accounts": {
        "task": "media.tasks.note_closed_accounts",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "count-delivered": {"task": "media.tasks.count_delivered", "schedule": 300, "options": {"expires": 300}},
    "sweep-expired-uploads": {"task": "media.tasks.sweep_uploads", "schedule": 3600, "options": {"expires": 3600}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
JOB_LEASE_SECONDS = env.int("AULA_JOB_LEASE_SECONDS", 60)

# Sessions in person -----------------------------------------------------------------------------------------------
# How long after it was shown a code of attendance may arrive from somebody who had a seat and no line.
ATTENDANCE_LATE_HOURS = env.int("AULA_ATTENDANCE_LATE_HOURS", 6)

# Mail -------------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.str("AULA_FROM_EMAIL", "Aula Municipal <aula@localhost>")
if EMAIL_URL := env.str("AULA_EMAIL_URL", ""):
    globals().update(env.dj_email_url("AULA_EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(VAR_DIR / "mail")

# Messages to telephones: `console`, `file` (embedded: files under var/messages/, and the console), `http`, or the
# dotted path of a callable that takes `to` (eight digits) and `text`. Empty sends none: codes go by e-mail alone.
SMS_GATEWAY = env.str("AULA_SMS_GATEWAY", "" if PRODUCTION else "file")
SMS_URL = env.str("AULA_SMS_URL", "")
SMS_TOKEN = env.str("AULA_SMS_TOKEN", "")
SMS_BODY = env.json("AULA_SMS_BODY", {"to": "+502{to}", "text": "{text}"})
SMS_TIMEOUT_SECONDS = env.int("AULA_SMS_TIMEOUT_SECONDS", 10)
MESSAGES_DIR = VAR_DIR / "messages"
if SMS_GATEWAY == "http" and not SMS_URL:
    raise ImproperlyConfigured("AULA_SMS_GATEWAY=http asks for AULA_SMS_URL")

# Certificates -----------------------------------------------------------------------------------------------------
CERTIFICATE_ISSUER = env.str("AULA_CERTIFICATE_ISSUER", "Asociación Nacional de Municipalidades de Guatemala")
CERTIFICATE_SERIES = env.str("AULA_CERTIFICATE_SERIES", "ANAM")
CERTIFICATE_PLACE = env.str("AULA_CERTIFICATE_PLACE", "Guatemala")
# Two or three lines to sign on; an empty name leaves the line for a pen. Frozen into each certificate when issued.
CERTIFICATE_SIGNATORIES = env.json(
    "AULA_CERTIFICATE_SIGNATORIES",
    [{"name": "", "role": "Presidencia de la Junta Directiva"}, {"name": "", "role": "Dirección Ejecutiva"}],
)
# The keys of the seal: outside the database, the same folder on every node (certificates/keyring.py).
SEAL_KEYS_DIR = Path(env.str("AULA_SEAL_KEYS_DIR", str(VAR_DIR / "keys" / "seal")))
# A token (PKCS #11) in which new keys of those uses are made and stay; without a module all are files.
PKCS11_MODULE = env.str("AULA_PKCS11_MODULE", "")
PKCS11_TOKEN = env.str("AULA_PKCS11_TOKEN", "")
PKCS11_PIN_FILE = env.str("AULA_PKCS11_PIN_FILE", "")
PKCS11_USES = env.list("AULA_PKCS11_USES", ["seal", "qr", "credential", "log"], subcast=str)
if PKCS11_MODULE and not (PKCS11_TOKEN and PKCS11_PIN_FILE):
    raise ImproperlyConfigured("AULA_PKCS11_MODULE asks for AULA_PKCS11_TOKEN and AULA_PKCS11_PIN_FILE")
# Who proves when a certificate was sealed (RFC 3161); empty: nobody.
SEAL_TIME_AUTHORITY = env.str("AULA_SEAL_TIME_AUTHORITY", "")
# Whether that proof is kept up for the long run (PAdES B-LTA): each file ends in one over the whole, and gets others.
SEAL_LONG_TERM = env.bool("AULA_SEAL_LONG_TERM", False)
if SEAL_LONG_TERM and not SEAL_TIME_AUTHORITY:
    raise ImproperlyConfigured("AULA_SEAL_LONG_TERM asks for AULA_SEAL_TIME_AUTHORITY")
# Who is mailed each day's checkpoint of the log, to keep it: e-mail addresses.
WITNESSES = [address for address in env.list("AULA_WITNESSES", [], subcast=str) if address]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("AULA_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # Wagtail tells of every save at INFO.
        "django_tasks": {"level": "WARNING"},
        # pikepdf says when it is loaded, pyHanko each authority of time that it does not know.
        "pikepdf": {"level": "WARNING"},
        "pyhanko": {"level": "ERROR"},
        "wagtail": {"level": "WARNING"},
    },
}
