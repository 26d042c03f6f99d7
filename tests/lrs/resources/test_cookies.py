import pytest

from lrs.resources.cookies import Cookies


@pytest.mark.parametrize(
    ("url", "origin", "name"),
    [
        ("https://hoc.example.vn", "https://hoc.example.vn", "__Host-sohoc"),
        ("https://hoc.example.vn:443/lrs/", "https://hoc.example.vn", "__Host-sohoc"),
        ("https://HOC.example.vn:8443/lrs", "https://hoc.example.vn:8443", "__Host-sohoc"),
        ("http://hoc.example.vn:80", "http://hoc.example.vn", "sohoc"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "sohoc"),
        ("http://[::1]:8080", "http://[::1]:8080", "sohoc"),
        ("https://trường.example.vn", "https://xn--trng-rib8295b.example.vn", "__Host-sohoc"),
    ],
)
def test_the_own_origin_is_written_as_browsers_write_it(url, origin, name):
    cookies = Cookies(url, None)
    assert cookies._is_own(origin)
    assert not cookies._is_own(f"{origin}0")
    assert not cookies._is_own(origin.replace("http", "ftp"))
    assert cookies.name == name
