"""Question files of other systems, read and written. Knows no database: bytes in, questions and notes out.

`detect.read` takes a file in any format; `gift.write` and `qti.write` give one. `reading` says what comes out.
"""
