"""Independent readers of a seal: poppler and OpenSSL."""

import re
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from certificates.keyring import Key
from certificates.pdf import SealBroken, check, render, seal
from tests.certificates.test_pdf import a_paper
from tests.certificates.time_authority import TimeAuthority


def poppler_says(content: bytes, folder: Path) -> bool:
    """Whether `pdfsig` calls the one seal valid, and over the whole file."""
    path = folder / "poppler.pdf"
    path.write_bytes(content)
    done = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False)
    counted = done.stdout.count("Signature #")
    return counted == 1 and "Signature is Valid." in done.stdout and "Total document signed" in done.stdout


def sealed_parts(content: bytes) -> tuple[bytes, bytes]:
    """What the seal is over, and the CMS itself."""
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+) (\d+) (\d+) (\d+)\s*\]", content)
    assert len(ranges) == 1, ranges
    start, length, again, rest = (int(number) for number in ranges[0])
    cms = bytes.fromhex(content[start + length + 1 : again - 1].decode())
    return content[start : start + length] + content[again : again + rest], cms


def readings(content: bytes, certificate, folder: Path) -> dict[str, bool]:
    """Who calls the file whole and sealed with the key of `certificate`; poppler asks nobody whose the key is."""
    return {
        "ours": we_say(content, certificate),
        "poppler": poppler_says(content, folder),
        "openssl": openssl_says(content, certificate, folder),
    }


def we_say(content: bytes, certificate) -> bool:
    """Whether our own reader finds the seal whole."""
    try:
        return bool(check(content, [certificate]))
    except SealBroken:
        return False


def graft(content: bytes, cms: bytes) -> bytes:
    """The file with another CMS of the same length in place of its own."""
    own = content[content.index(b"/Contents <") + 11 :].partition(b">")[0]
    assert len(own) == 2 * len(cms)
    return content.replace(own, cms.hex().encode())


def openssl_says(content: bytes, certificate, folder: Path) -> bool:
    """Whether the CMS holds for the whole file and was made with the key of `certificate`."""
    try:
        data, cms = sealed_parts(content)
    except (AssertionError, ValueError):
        return False
    if len(data) + 2 * len(cms) + 2 != len(content):
        return False
    (folder / "data").write_bytes(data)
    (folder / "cms").write_bytes(cms)
    (folder / "known.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", folder / "cms"]
    command += ["-content", folder / "data", "-CAfile", folder / "known.pem", "-purpose", "any", "-partial_chain"]
    done = subprocess.run([*command, "-out", "/dev/null"], capture_output=True, text=True, check=False)
    return done.returncode == 0


def sealed_by(key: Key, authority: TimeAuthority | None) -> bytes:
    """One paper, always the same, with the seal of a key and the time of an authority."""
    asked = {"time_authority": authority.address} if authority else {}
    return seal(render(a_paper()), private=key.private, certificate=key.certificate, at=key.since, **asked)
