"""Links and upload forms name the host of their region, wherever the bucket is."""

from contextlib import closing
from urllib.parse import urlsplit

import pytest
from boto3 import Session

from mixer.store.s3 import S3Store, create_s3_client

REGIONS = ("us-east-1", "eu-central-1", "ca-west-1", "ap-southeast-5")
"""The first region, an older one, and two that opened after March 2019."""


@pytest.mark.parametrize("region", REGIONS)
def test_links_and_forms_name_the_regional_host(region):
    with closing(create_s3_client(session=Session("test", "test", region_name=region))) as client:
        store = S3Store(client, "bucket-of-audio")
        link = store.url("mixed/a.mp3", 60)
        form = store.upload_form("uploads/a.wav", "audio/wav", 100, 60)
    host = f"bucket-of-audio.s3.{region}.amazonaws.com"
    assert [urlsplit(each).hostname for each in (link, form.url)] == [host, host]
