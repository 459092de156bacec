"""What Celery carries for this app. Importing the performers registers them."""

from celery import shared_task

from certificates.domain import (
    act_notices,  # noqa: F401 registers its performer
    batches,  # noqa: F401 registers its performer
    bundles,
    checkpoints,
    handover,
    issuing,  # noqa: F401 registers its performer
    rendering,  # noqa: F401 registers its performer
    renewals,  # noqa: F401 registers its performer
    strays,
    sweeping,
    testimony,
    time_proofs,
    witnesses,  # noqa: F401 registers its performer
)


@shared_task(name="certificates.tasks.sweep_owed")
def sweep_owed() -> None:
    """Ask again for what was lost on the way to a certificate."""
    sweeping.sweep()
    bundles.clear()


@shared_task(name="certificates.tasks.forget_packages")
def forget_packages() -> None:
    """Let packages of handover go that were there to be fetched long enough."""
    handover.forget()


@shared_task(name="certificates.tasks.renew_time")
def renew_time() -> None:
    """Prove the time anew of those certificates whose proof ends soon."""
    time_proofs.renew()


@shared_task(name="certificates.tasks.sweep_strays")
def sweep_strays() -> None:
    """Let go of private files that no row names."""
    strays.drop()


@shared_task(name="certificates.tasks.publish_checkpoint")
def publish_checkpoint() -> None:
    """Sign what the log is today, once a day; each hour look whether the storage knows what was certified."""
    testimony.keep_missing()
    checkpoints.publish()
