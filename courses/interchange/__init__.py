"""Question files of other systems, read and written. Knows no database: bytes in, questions and notes out."""
