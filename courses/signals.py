"""What this app tells those above it."""

from django.dispatch import Signal

# Sent on commit, once per completion, with `completion` (courses.models.Completion).
course_completed = Signal()
