import hashlib
import io

import pytest
from PIL import Image
from rig.images import SVG, animated, image

from migrator.config import DownloadSettings
from migrator.events import ThumbnailDone
from migrator.interruption import Stop
from migrator.reasons import Reason
from migrator.thumbnails import SMALL, Thumbnails, Wanted
from migrator.uploader import StoreError
from migrator.uploader.local import LocalStore

PIXELS = 1_000_000


@pytest.fixture
def store(tmp_path):
    (tmp_path / "images").mkdir()
    return LocalStore(tmp_path / "images")


@pytest.fixture
def thumbnails(tmp_path):
    return Thumbnails(tmp_path / "thumbnails")


def kept(store, tmp_path, data, name="a"):
    (tmp_path / "images" / name).write_bytes(data)
    return Wanted(hashlib.sha256(data).hexdigest(), len(data), SMALL, ((store, name),))


def make(thumbnails, *wanted, pixels=PIXELS):
    heard = []
    thumbnails.make(wanted, pixels, DownloadSettings(), heard.append, Stop())
    return heard


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_of_each_format_there_is_a_small_picture(store, thumbnails, tmp_path, kind):
    wanted = kept(store, tmp_path, image(kind, size=(300, 200)))
    make(thumbnails, wanted)
    small = Image.open(io.BytesIO(thumbnails.get(wanted.sha256, SMALL)))
    assert (small.format, small.size) == ("WEBP", (112, 75))


def test_it_stands_upright(store, thumbnails, tmp_path):
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # on its side
    Image.open(io.BytesIO(image("JPEG", size=(300, 200)))).save(out, "JPEG", exif=exif)
    wanted = kept(store, tmp_path, out.getvalue())
    make(thumbnails, wanted)
    assert Image.open(io.BytesIO(thumbnails.get(wanted.sha256, SMALL))).size == (75, 112)


def test_of_an_animation_it_is_the_first_frame(store, thumbnails, tmp_path):
    wanted = kept(store, tmp_path, animated())
    make(thumbnails, wanted)
    assert Image.open(io.BytesIO(thumbnails.get(wanted.sha256, SMALL))).n_frames == 1


@pytest.mark.parametrize("data", [SVG, b"no image", image("PNG")[:60], b""], ids=range(4))
def test_what_cannot_be_decoded_has_none(store, thumbnails, tmp_path, data):
    wanted = kept(store, tmp_path, data)
    make(thumbnails, wanted)
    assert thumbnails.get(wanted.sha256, SMALL) is None


def test_an_image_with_too_many_pixels_has_none(store, thumbnails, tmp_path):
    wanted = kept(store, tmp_path, image("PNG", size=(300, 200)))
    make(thumbnails, wanted, pixels=59_999)
    assert thumbnails.get(wanted.sha256, SMALL) is None


def test_it_is_made_once(store, thumbnails, tmp_path):
    wanted = kept(store, tmp_path, image("PNG"))
    assert sum(isinstance(each, ThumbnailDone) for each in make(thumbnails, wanted, wanted)) == 1
    assert make(thumbnails, wanted) == []


def test_other_bytes_under_the_key_are_not_shown(store, thumbnails, tmp_path):
    wanted = kept(store, tmp_path, image("PNG", 1))
    (tmp_path / "images" / "a").write_bytes(image("PNG", 2))
    make(thumbnails, wanted)
    assert thumbnails.get(wanted.sha256, SMALL) is None


def test_the_next_copy_is_taken_where_one_is_gone(store, thumbnails, tmp_path):
    wanted = kept(store, tmp_path, image("PNG"), "b")
    both = Wanted(wanted.sha256, None, SMALL, ((store, "a"), *wanted.copies))
    make(thumbnails, both)
    assert thumbnails.get(wanted.sha256, SMALL)


class Unavailable:
    """A store that cannot be asked now."""

    def read(self, _key):
        raise StoreError(Reason.STORE_UNAVAILABLE, "it is away")


def test_a_store_that_cannot_be_asked_ends_the_making(thumbnails):
    with pytest.raises(StoreError, match="it is away"):
        make(thumbnails, Wanted("a" * 64, 10, SMALL, ((Unavailable(), "a"),)))
