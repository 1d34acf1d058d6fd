"""Which addresses may be told: none that leads back inside, however it is written."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixer.errors import BadInput
from mixer.stories.steps.ssrf_policy import (
    check_public_addresses,
    is_public_address,
    validate_webhook_url,
)

UNSET = str(IPv4Address(0))
PRIVATE = [
    UNSET,
    *("127.0.0.1", "127.255.0.9", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "169.254.170.2", "100.64.0.1", "224.0.0.1", "255.255.255.255"),
    *("240.0.0.1", "198.18.0.1", "192.0.2.1"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:a00:1", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    *("2001:db8::1", "2001:0:7f00:1::", "100::1", "3fff::1", "5f00::1"),
    *("192.88.99.1", "2002:808:808::1", "64:ff9b::808:808", "::ffff:8.8.8.8", "::ffff:c058:6301"),
    *("2001::1", "2001:0:808:808::f7f7:f7f7"),
    *("", "localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1"),
]
PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1", "2a00:1450:4001::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_address_that_leads_inside_is_not_public(address):
    assert not is_public_address(address)
    with pytest.raises(BadInput):
        check_public_addresses(["8.8.8.8", address])


@pytest.mark.parametrize("address", PUBLIC)
def test_address_of_a_server_on_the_internet_is_public(address):
    assert is_public_address(address)
    check_public_addresses([address])


def test_name_without_an_address_is_refused():
    with pytest.raises(BadInput):
        check_public_addresses([])


@given(st.ip_addresses(v=4))
def test_ipv4_address_in_the_clothes_of_ipv6_is_refused(address):
    for clothes in (f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}"):
        assert not is_public_address(clothes)
    assert not is_public_address(str(IPv6Address(0x2002 << 112 | int(address) << 80)))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/told",
        "https://example.com:8443/told?story=1",
        "https://xn--bcher-kva.example/",
        "https://hooks.example.com./",
        "https://8.8.8.8/",
    ],
)
def test_server_on_the_internet_may_be_told(url):
    assert validate_webhook_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://example.com/",
            "ftp://example.com/",
            "//example.com/",
            "example.com",
            "",
            "https:",
        ),
        *("https://", "https:///path", "https://:443/", "https://example.com:0/"),
        *(
            "https://example.com:99999/",
            "https://example.com:x/",
            "https://[::1",
            "https://[v1.a]/",
        ),
        *("https://me:secret@example.com/", "https://me@example.com/", "https://@example.com/"),
        *("https://example.com#@10.0.0.1/", "https://example.com/#part"),
        *("https://good.example\\@127.0.0.1/", "https://good.example\\.evil.example/"),
        *("https://exam ple.com/", "https://example.com/\r\nX: y", "https://ex\u00e4mple.com/"),
        *("https://127.0.0.1/", "https://127.1/", "https://0x7f.1/", "https://2130706433/"),
        *("https://0177.0.0.1/", "https://127.0.0.1./", "https://169.254.169.254/latest/meta-data"),
        *("https://10.0.0.1:443/", "https://[::1]/", "https://[fe80::1%25eth0]/"),
        *("https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/"),
        *(
            "https://localhost/",
            "https://localhost./",
            "https://LOCALHOST/",
            "https://a.localhost/",
        ),
        *("https://printer.local/", "https://db.internal/", "https://metadata.google.internal./"),
        *(
            "https://host/",
            "https://a..b.com/",
            "https://%31%32%37.0.0.1/",
            "https://1.2.3.example/x\ty",
        ),
        "https://" + "a" * 64 + ".com/",
        "https://" + "a.b" * 100 + ".com/",
    ],
)
def test_anything_else_is_refused(url):
    with pytest.raises(BadInput) as refused:
        validate_webhook_url(url)
    assert refused.value.details["field"] == "webhook"


@given(st.text(max_size=60))
def test_whatever_is_sent_is_taken_or_refused(text):
    for url in (text, f"https://{text}", f"https://example.com{text}"):
        try:
            assert validate_webhook_url(url) == url
        except BadInput:
            continue


LOCALHOST_URLS = ["http://localhost:9000/a", "http://127.0.0.1/?b=1", "http://[::1]:80/"]


@pytest.mark.parametrize("url", LOCALHOST_URLS)
def test_localhost_is_admitted_only_where_it_is_allowed(url):
    assert validate_webhook_url(url, allows_localhost=True) == url
    with pytest.raises(BadInput):
        validate_webhook_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "http://localhost.evil.example/", "http://127.0.0.2/"),
        *("http://10.0.0.1/", "http://a@localhost/", "http://localhost/#a", "http://[::2]/"),
        *("https://localhost/", "ftp://localhost/", "http://169.254.169.254/"),
    ],
)
def test_nothing_but_localhost_is_admitted_in_addition(url):
    with pytest.raises(BadInput):
        validate_webhook_url(url, allows_localhost=True)
