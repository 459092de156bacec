"""WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
application = get_wsgi_application()
# What is loaded by now stays: the collector looks no more at it, and not after every 700 things that a request makes.
gc.freeze()
gc.set_threshold(10_000, 10, 10)
