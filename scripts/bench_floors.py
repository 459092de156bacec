"""What a process weighs that holds the libraries of a worker and nothing of ours: a floor for `bench_certificates`."""

import json
import os
import subprocess

from scripts.steps import VENV_PYTHON

BARE_WORKER = """
import json

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x" * 50,
    INSTALLED_APPS=json.loads(%r),
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "none"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    STATIC_URL="/static/",
    WAGTAILADMIN_BASE_URL="https://aula.example.org",
    WAGTAIL_SITE_NAME="Aula",
)
django.setup()

import celery.apps.worker
import celery.worker
import pikepdf
import pyhanko.sign.validation
import redis
import reportlab.pdfbase.ttfonts
import reportlab.pdfgen.canvas
from pyhanko.sign.signers import cms_embedder

print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
OF_OTHERS = ("wagtail", "django", "modelcluster", "taggit")


def bare_worker_megabytes() -> float:
    """With Django, Wagtail, Celery, reportlab and pyHanko, loaded and at rest."""
    from django.conf import settings  # noqa: PLC0415 Django is set up by now

    apps = json.dumps([name for name in settings.INSTALLED_APPS if name.startswith(OF_OTHERS)])
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    asked = [VENV_PYTHON, "-W", "ignore", "-c", BARE_WORKER % apps]
    said = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout
    return int(said.split()[-1]) / 1024
