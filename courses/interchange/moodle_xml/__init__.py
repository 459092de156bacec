"""Moodle's XML: https://docs.moodle.org/en/Moodle_XML_format. What Moodle 1.9 to 5 export, and what others write so."""

from .reading import read

__all__ = ["read"]
