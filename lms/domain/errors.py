"""What a verb raises when a rule does not allow it."""


class RuleBroken(Exception):
    """A rule of the domain was broken.

    `code` is stable and is what tests and the API compare (`"enrolment.closed"`); `message` is for people, in their
    language, and says what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = str(message)
