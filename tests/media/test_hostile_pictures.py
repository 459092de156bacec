"""Pictures for covers and pages: bombs, pages and archives in disguise are refused; the rest is drawn anew."""

import io
import json
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import ExifTags, GifImagePlugin, Image, ImageCms, PngImagePlugin, TiffImagePlugin
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import get_image_form, get_image_multi_form
from wagtail.images.models import Image as Picture
from wagtail.models import Collection

from lms.domain.errors import RuleBroken
from media.domain import pictures
from media.views.images import PictureField
from tests.factories.papers import archive
from tests.media.hostile import TOKEN, png, png_that_claims

PIXELS = 40_000_000
PAGE = b"<html><script>" + TOKEN.encode() + b"</script></html>"


def drawn(kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **options) -> bytes:
    out = io.BytesIO()
    picture = Image.new(mode, size)
    picture.paste(picture.getpixel((0, 0)) if mode == "P" else Image.new(mode, (10, 10), "white"), (0, 0, 10, 10))
    picture.save(out, kind, **options)
    return out.getvalue()


def photograph(kind: str = "JPEG") -> bytes:
    """As a telephone takes it: on its side, with the place where it was; and a profile that is only a word."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.ImageDescription] = TOKEN
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = TOKEN
    return drawn(kind, exif=exif, icc_profile=TOKEN.encode() * 20)


def worded() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", PAGE.decode())
    notes.add_itxt("XML:com.adobe.xmp", TOKEN, zip=True)
    return drawn(pnginfo=notes)


def framed() -> bytes:
    """A WebP that moves, with words beside it."""
    out = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], xmp=TOKEN.encode(), exif=TOKEN.encode())
    return out.getvalue()


def scanned(times: int) -> bytes:
    """A progressive JPEG that goes over its picture again and again."""
    content = drawn("JPEG", (64, 64), progressive=True)
    last = content.rindex(pictures.SCAN)
    return content[:last] + content[last:-2] * times + content[-2:]


CARRYING = {
    "a photograph": photograph(),
    "a photograph as webp": photograph("WEBP"),
    "words": worded(),
    "two pictures": framed(),
    "a page behind": drawn() + PAGE,
    "a page behind a photograph": drawn("JPEG") + PAGE,
    "a page in a comment": drawn("JPEG", comment=PAGE),
    "an archive behind": drawn() + archive({f"{TOKEN}.class": TOKEN.encode()}),
    "an archive behind a photograph": drawn("JPEG") + archive({f"{TOKEN}.class": TOKEN.encode()}),
}


def redraw(content: bytes) -> bytes:
    return pictures.redraw(io.BytesIO(content), max_pixels=PIXELS)


@pytest.mark.once
@pytest.mark.parametrize("name", CARRYING)
def test_what_is_kept_has_the_pixels_alone(name):
    assert TOKEN.encode() in CARRYING[name] or name == "words"
    made = redraw(CARRYING[name])
    assert TOKEN.encode() not in made
    with Image.open(io.BytesIO(made)) as found, Image.open(io.BytesIO(CARRYING[name])) as given:
        assert found.format == given.format
        assert found.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "loop", "background"}
        assert sorted(found.size) == [30, 40]
        assert (found.height > found.width) is ("photograph" in name and "behind" not in name)
        assert getattr(found, "n_frames", 1) == 1


@pytest.mark.once
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_of_every_kind_looks_the_same(mode):
    out = io.BytesIO()
    base = Image.radial_gradient("L")
    picture = Image.new("I;16", (256, 256), 40_000) if mode == "I;16" else base.convert("RGBA").convert(mode)
    picture.save(out, "PNG", **({"transparency": 0} if mode == "P" else {}))
    with Image.open(io.BytesIO(redraw(out.getvalue()))) as found, Image.open(out) as given:
        assert found.has_transparency_data == given.has_transparency_data
        if mode == "I;16":
            assert abs(found.convert("L").getpixel((9, 9)) - 40_000 // 256) <= 1
        else:
            assert found.convert("RGBA").tobytes() == given.convert("RGBA").tobytes()


@pytest.mark.once
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_colours_of_a_profile_become_those_of_every_screen(mode):
    """Where the profile has red and blue the other way round, red is shown as blue; where it does not fit, as it is."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = profile.replace(b"rXYZ", b"qXYZ").replace(b"bXYZ", b"rXYZ").replace(b"qXYZ", b"bXYZ")
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").convert(mode).save(out, "JPEG", icc_profile=turned)
    with Image.open(io.BytesIO(redraw(out.getvalue()))) as found:
        assert "icc_profile" not in found.info
        assert found.mode == "RGB"
        red, _green, blue = found.getpixel((20, 15))
        assert (blue > red) is (mode == "RGB")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


BOMB_OF_WORDS = png(1, 1)[:33] + chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(30_000_000))) + png(1, 1)[33:]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><image href="file:///etc/passwd"/></svg>'
HARMFUL = {
    "a bomb": ("a.png", png(16_000, 8_000)),
    "a bomb that only claims": ("a.png", png_that_claims(60_000, 60_000)),
    "a bomb of words": ("a.png", BOMB_OF_WORDS),
    "a size of nothing": ("a.png", png_that_claims(0, 0)),
    "a webp larger than any": ("a.webp", b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\x3f\0" * 2),
    "scans without end": ("a.jpg", scanned(500)),
    "a picture without its end": ("a.png", drawn(size=(400, 400))[:-60]),
    "a photograph without its end": ("a.jpg", photograph()[:-80]),
    "a head alone": ("a.png", b"\x89PNG\r\n\x1a\n"),
    "a head and noise": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9),
    "a photograph's head and noise": ("a.jpg", b"\xff\xd8\xff" + bytes(range(256)) * 9),
    "a webp's head and noise": ("a.webp", b"RIFF\x24\0\0\0WEBPVP8 " + bytes(range(256))),
    "a page": ("a.png", PAGE),
    "a page as a photograph": ("a.jpg", PAGE),
    "svg": ("a.svg", SVG),
    "svg as a picture": ("a.png", SVG),
    "svg that grows": ("a.png", b'<!DOCTYPE x [<!ENTITY a "aa">]><svg>&a;</svg>'),
    "gif": ("a.gif", drawn("GIF")),
    "gif as a picture": ("a.png", drawn("GIF")),
    "tiff as a photograph": ("a.jpg", drawn("TIFF")),
    "postscript": ("a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n"),
    "an archive": ("a.png", archive({"a": b"x"})),
    "a film": ("a.webp", b"RIFF\0\0\0\0AVI "),
    "nothing": ("a.png", b""),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", HARMFUL)
def test_what_is_refused_is_told_so(name, client, trainer):
    """Where one picture goes in and where many do: words, no row, no file, no fault of ours."""
    client.force_login(trainer)
    called, content = HARMFUL[name]
    given = {"title": "Plaza", "collection": Collection.get_first_root_node().pk}
    one = client.post(reverse("wagtailimages:add"), given | {"file": SimpleUploadedFile(called, content)})
    assert one.status_code == 200
    assert one.context["form"].errors["file"]
    asked = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}
    many = client.post(
        reverse("wagtailimages:add_multiple"), given | {"files[]": SimpleUploadedFile(called, content)}, **asked
    )
    if content:
        assert (many.status_code, json.loads(many.content)["success"]) == (200, False)
    assert not Picture.objects.exists()


@pytest.mark.django_db
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Wagtail leaves thumbnails' files open
@pytest.mark.parametrize("name", ["a photograph", "an archive behind", "two pictures"])
def test_what_wagtail_keeps_and_makes_has_nothing_beside_the_pixels(name, client, trainer):
    client.force_login(trainer)
    with Image.open(io.BytesIO(CARRYING[name])) as given:
        called = f"../../plaza\u202e.{given.format.lower()}"
    file = SimpleUploadedFile(called, CARRYING[name])
    given = {"title": "Plaza", "collection": Collection.get_first_root_node().pk, "file": file}
    assert client.post(reverse("wagtailimages:add"), given).status_code == 302
    picture = Picture.objects.get()
    assert picture.uploaded_by_user == trainer
    assert picture.file.name.startswith("original_images/plaza")
    made = picture.get_rendition("width-20|format-webp")
    for path in (picture.file.name, made.file.name):
        with default_storage.open(path) as kept:
            assert TOKEN.encode() not in kept.read()
    assert sorted((picture.width, picture.height)) == [30, 40]
    assert picture.file_size == default_storage.size(picture.file.name)


@pytest.mark.django_db
def test_other_forms_of_a_picture_stay_as_they_were(client, trainer):
    """Its words may be changed without the file; where the file is no field there is none."""
    client.force_login(trainer)
    root = Collection.get_first_root_node()
    given = {"title": "Plaza", "collection": root.pk, "file": SimpleUploadedFile("a.png", drawn())}
    client.post(reverse("wagtailimages:add"), given)
    picture = Picture.objects.get()
    before = picture.file_hash
    changed = client.post(reverse("wagtailimages:edit", args=[picture.pk]), {"title": "Parque", "collection": root.pk})
    picture.refresh_from_db()
    assert (changed.status_code, picture.title, picture.file_hash) == (302, "Parque", before)
    assert "file" not in get_image_multi_form(Picture)(instance=picture, user=trainer).fields
    field = get_image_form(Picture)(user=trainer).fields["file"]
    assert field.max_image_pixels == PIXELS
    assert "data-controller" in field.widget.attrs


@pytest.mark.once
def test_a_bomb_is_never_opened(monkeypatch):
    """Its head says enough; and no other decoder of Pillow's sees what people send."""
    opened = []
    for plugin in (PngImagePlugin.PngImageFile, GifImagePlugin.GifImageFile, TiffImagePlugin.TiffImageFile):
        monkeypatch.setattr(plugin, "load", lambda self: opened.append(self.format))
    for plugin in (GifImagePlugin.GifImageFile, TiffImagePlugin.TiffImageFile):
        monkeypatch.setattr(plugin, "_open", lambda self: opened.append(self.format))
    for content, code in (
        (HARMFUL["a bomb"][1], "picture.too_big"),
        (HARMFUL["gif"][1], "picture.unreadable"),
        (HARMFUL["tiff as a photograph"][1], "picture.unreadable"),
    ):
        with pytest.raises(RuleBroken) as refusal:
            redraw(content)
        assert refusal.value.code == code
    assert opened == []


@pytest.mark.once
def test_what_stands_behind_counts_to_the_size(settings):
    """Or what is drawn anew would make room for anything."""
    settings.WAGTAILIMAGES_MAX_UPLOAD_SIZE = 5000
    field = PictureField()
    with pytest.raises(ValidationError) as refusal:
        field.to_python(SimpleUploadedFile("a.png", drawn() + bytes(5000)))
    assert refusal.value.code == "file_too_large"
    assert field.to_python(SimpleUploadedFile("a.png", drawn())).size < 5000


@pytest.mark.once
def test_wagtail_alone_would_keep_it_all():
    """Why there is a field of ours. Wagtail's keeps what stands behind, and falls over what is cut off."""
    kept = WagtailImageField().clean(SimpleUploadedFile("a.png", CARRYING["a page behind"]))
    assert TOKEN.encode() in kept.read()
    with pytest.raises(OSError, match="truncated"):
        WagtailImageField().clean(SimpleUploadedFile(*HARMFUL["a picture without its end"]))
