"""Loaded before Django: every test process works in a folder of its own, never in the running system's `var/`."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="aula-test-")
os.mkdir(os.path.join(_folder, "static"))  # WhiteNoise warns of a missing folder
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ.update(
    AULA_MODE="embedded",
    AULA_VAR_DIR=_folder,
    AULA_FILES_DIR=os.path.join(_folder, "files"),
    AULA_HASHED_STATIC="false",
    AULA_PUBLIC_URL="http://testserver",
    AULA_SECRET_KEY="only-for-tests-" + "x" * 50,
    AULA_IDENTITY_KEY="only-for-tests-" + "y" * 50,
    AULA_LOG_LEVEL="WARNING",
    AULA_KEPT_SECONDS="0",  # who tests them says so
)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_folder}/unused.sqlite3")
if os.environ.get("REDIS_URL"):
    # The processes of pytest-xdist share one server: to each a database of its own.
    _server, _, _database = os.environ["REDIS_URL"].rpartition("/")
    _number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = f"{_server}/{_number or _database}"
