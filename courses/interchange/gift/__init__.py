"""GIFT, Moodle's text format: https://docs.moodle.org/en/GIFT_format. Read as Moodle reads it, and more forgivingly."""

from .reading import read
from .writing import write

__all__ = ["read", "write"]
