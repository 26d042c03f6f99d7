import pytest

from schemas.faults import Refused
from schemas.registries.labels import label_of
from schemas.registries.platforms import Platform, Platforms


def test_a_platform_is_found_by_any_of_its_iris_and_others_are_unregistered():
    platforms = Platforms([Platform("https://a.vn/", {"vi": "A"}, ("http://a.vn/",))])
    assert platforms.find("http://a.vn/") == platforms.find("https://a.vn/")
    assert platforms.find("https://b.vn/") is None


def test_no_iri_names_two_platforms():
    with pytest.raises(Refused) as refused:
        Platforms([Platform("https://a.vn/", {}), Platform("https://b.vn/", {}, ("https://a.vn/",))])
    assert [(fault.path, fault.rule) for fault in refused.value.faults] == [("platforms[1].aliases", "unique")]


def test_a_label_is_in_the_language_asked_for_or_in_another():
    assert label_of(Platform("https://a.vn/", {"vi": "Nền tảng", "en": "Platform"}), "en") == "Platform"
    assert label_of(Platform("https://a.vn/", {"en": "Platform"})) == "Platform"
    assert label_of(Platform("https://a.vn/", {})) == ""
