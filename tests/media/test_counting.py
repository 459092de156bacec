"""Counting pictures without decoding them, whatever the version of ffmpeg."""

import pytest

from media import ffmpeg


@pytest.mark.parametrize(
    ("name", "demuxer", "frames"), [("plain.mp4", "mov", 150), ("odd.mkv", "matroska", 50), ("small.avi", "avi", 24)]
)
def test_pictures_are_counted_by_their_packets(samples, name, demuxer, frames):
    """ffmpeg 5.1 tells the number while it copies; 6.1 does not, and then this is asked."""
    source = ffmpeg.Source(samples / name, demuxer)
    assert ffmpeg.count_frames(source) == frames
    assert ffmpeg.scan(source)[1] == frames


def test_a_stream_that_is_not_there_has_no_pictures(samples):
    assert ffmpeg.count_frames(ffmpeg.Source(samples / "plain.mp4", "mov", video_stream=7)) == 0
