import io
import statistics

import pytest
from PIL import Image

from benchmarks import pictures


@pytest.mark.parametrize("number", [0, 9])
def test_a_picture_is_a_whole_image_of_the_kind_that_its_name_says(number):
    data = pictures.make(number)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert pictures.names()[number].endswith({"JPEG": "jpg", "PNG": "png"}[image.format])


def test_a_picture_is_the_same_every_time_and_unlike_the_others():
    assert pictures.make(3) == pictures.make(3) != pictures.make(4)


def test_half_of_the_pictures_are_smaller_than_80_kb():
    assert 40_000 < statistics.median(len(pictures.make(number)) for number in range(60)) < 160_000
