import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.xapi.languages import choose, preferred


@pytest.mark.parametrize(
    ("header", "languages"),
    [
        (None, []),
        ("", []),
        ("vi", ["vi", ""]),
        ("vi, en", ["vi", "en", ""]),
        ("en;q=0.5, vi", ["vi", "en", ""]),
        ("fr ; q=0.3 , EN-gb;Q=0.8,vi;q=1.000", ["vi", "en-gb", "fr", ""]),
        ("*;q=0.1, vi;q=0.2", ["vi", "*", ""]),
        ("en;q=0, vi", ["vi", "", "en"]),
        ("vi, vi;q=0", ["vi", ""]),
        ("?!, vi;q=x, en;q=0.5", ["en", ""]),
        ("nonsense in a row", []),
    ],
)
def test_preferences_come_best_first(header, languages):
    assert preferred(header) == languages


@pytest.mark.parametrize(
    ("header", "tags", "chosen"),
    [
        ("vi", ["en", "vi"], "vi"),
        ("VI-vn", ["en", "vi-VN"], "vi-VN"),
        ("en;q=0.5, vi;q=0.6", ["en", "vi"], "vi"),
        ("en", ["vi", "en-GB", "en-US"], "en-GB"),
        ("en", ["en-GB", "en"], "en"),
        ("en-GB", ["en-US", "en-GB"], "en-GB"),
        ("en-GB", ["fr", "en-US", "en"], "en"),
        ("en-GB", ["fr", "en-US"], "en-US"),
        ("e", ["vi", "en"], "vi"),
        ("zh-Hant", ["zh-Hans", "zh-Hant-TW"], "zh-Hant-TW"),
        ("*", ["vi", "en"], "vi"),
        ("en;q=0.5, *", ["en", "vi"], "vi"),
        ("en, *;q=0.5", ["vi", "en"], "en"),
        ("en;q=0.9, en-GB;q=0.1, fr;q=0.5", ["en-GB", "fr"], "fr"),
        ("en;q=0, *", ["en", "vi"], "vi"),
        ("en;q=0", ["en", "vi"], "vi"),
        ("en;q=0", ["en"], "en"),
        ("fr, en-US;q=0.3", ["de", "en-GB"], "en-GB"),
        ("fr-CA, de-AT", ["de", "fr-FR"], "fr-FR"),
        ("ja", ["vi", "en"], "vi"),
        (None, ["vi", "en"], "vi"),
    ],
)
def test_a_reader_gets_the_entry_that_suits_best(header, tags, chosen):
    assert choose({tag: tag for tag in tags}, preferred(header)) == {chosen: chosen}


def test_an_empty_map_stays_empty():
    assert choose({}, preferred("vi")) == {}


tags = st.sampled_from(["vi", "vi-VN", "en", "en-GB", "en-US", "zh-Hant-TW", "und", "x-own"])
headers = st.none() | st.text(max_size=40) | st.lists(tags).map(";q=0.5,".join)


@given(headers, st.dictionaries(tags, st.text(max_size=3), min_size=1))
def test_one_entry_of_any_map_is_chosen_whatever_the_header(header, language_map):
    ((tag, text),) = choose(language_map, preferred(header)).items()
    assert language_map[tag] == text


def test_only_the_first_32_preferences_of_a_header_count():
    asked = [f"{one}{other}" for one in "abcdefgh" for other in "abcdefgh"]
    assert preferred(",".join(asked)) == [*asked[:32], ""]
