"""A tus client in a few lines, for tests of the server."""

import base64

BASE = "/cms/videos/subidas/"
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = "application/offset+octet-stream"


def encoded(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def create(client, size: int = 10, **metadata: str):
    metadata = metadata or {"filename": "clase.mp4", "fingerprint": "clase|10"}
    return client.post(BASE, headers=TUS | {"Upload-Length": str(size), "Upload-Metadata": encoded(**metadata)})


def patch(client, url: str, offset: int, content: bytes, **headers: str):
    # Said by itself, too: the client drops the type of an empty body.
    headers = TUS | {"Upload-Offset": str(offset), "Content-Type": OCTETS} | headers
    return client.patch(url, content, content_type=OCTETS, headers=headers)
