"""What stands in an address in place of a key."""


class MunicipalityCode:
    """INE's code of a municipality, four digits: `1413`."""

    regex = "[0-9]{4}"

    def to_python(self, value: str) -> str:
        """As text: the first digit may be 0."""
        return value

    def to_url(self, value: str) -> str:
        """As it is kept."""
        return value
