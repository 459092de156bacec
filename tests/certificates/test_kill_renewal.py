"""A process that is killed while it adds proofs of time: the register and the files stay together."""

from datetime import timedelta

import pytest

from tests.certificates.time_authority import running
from tests.system import ROOT, installed

SOON, LATE = timedelta(days=30), timedelta(days=1461)
DRAW = """
from certificates.domain import rendering
from tests.factories.certificates import a_certificate
for _ in range(3):
    print(rendering.ensure_file(a_certificate()).sha256)
"""
KILLED = """
import os, signal
from certificates.domain import time_proofs
from certificates.models import EarlierFile
left = [{before}]
create = EarlierFile.objects.create
def kill(**said):
    left[0] or os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return create(**said)
EarlierFile.objects.create = kill
time_proofs.renew()
"""


@pytest.mark.parametrize("before", [0, 1])
def test_a_process_that_is_killed_leaves_register_and_files_together(django_db_setup, tmp_path, before):
    """kill -9 after the file is stored, before its row says so; of the first file, and of the second."""
    with running(tmp_path / "tsa") as authority:
        authority.take_certificate(SOON)
        asked = {"AULA_SEAL_TIME_AUTHORITY": authority.address, "AULA_SEAL_LONG_TERM": "true"}
        with installed(PYTHONPATH=str(ROOT), **asked) as system:
            digests = system.python(DRAW).split()
            authority.take_certificate(LATE)
            with pytest.raises(RuntimeError):
                system.python(KILLED.format(before=before))
            assert system.manage("verify_registry").endswith("all hold\n")
            stored = len(list((system.files / "certificates").rglob("*-after-*.pdf")))
            assert (system.sql("SELECT COUNT(*) FROM certificates_earlierfile"), stored) == ([(before,)], before + 1)
            assert system.manage("renew_time") == f"{3 - before} have another proof of time, 0 are due\n"
            assert system.manage("verify_registry").endswith("all hold\n")
            known = system.sql("SELECT sha256 FROM certificates_earlierfile ORDER BY id")
            assert [digest for (digest,) in known] == digests
            assert len(list((system.files / "certificates").rglob("*-after-*.pdf"))) == 3
