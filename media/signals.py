"""What this app tells those above it."""

from django.dispatch import Signal

# Sent in the transaction in which a video takes another cut, with `video` (media.models.Video, as it is now),
# `old_length_seconds`, `new_length_seconds` and `edit_list` (`media.domain.edits`).
video_recut = Signal()
