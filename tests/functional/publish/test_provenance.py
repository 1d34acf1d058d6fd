"""Signed statements of origin, read back by two readers; the frames stay as they were."""

import json
import shutil
import struct
import zipfile
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import boto3
import encypher_c2pa
import pytest
from c2pa import Builder, C2paSigningAlg, Reader, Signer
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from moto import mock_aws
from moto.backends import get_backend

from mixer.aws import SigningVault
from mixer.compose import build_story_runner
from mixer.compose.laptop import find_signing_files, open_file_signer
from mixer.errors import Misconfigured, MixerError
from mixer.publish.provenance import (
    FileSigner,
    Origin,
    OriginSound,
    open_identity,
    open_vault_identity,
    read_provenance,
)
from mixer.publish.provenance.signatures import MAX_MP3_CHAPTERS, build_manifest
from mixer.requests import Options
from mixer.script import Document
from mixer.script.readers import TextType, read_document
from mixer.sound import ffmpeg
from mixer.sound.formats.tags import AudioTags, build_id3_tag
from mixer.store import FolderStore
from mixer.stories import JobContext, StoryInput
from mixer.stories.folder import EPISODES, StoryFolder
from tests.commands import InProcessCli
from tests.emulators.http_thread import run_http_server
from tests.engines import ToneEngine
from tests.functional.story_world import StoryWorld

FORMATS = ("mp3", "m4a", "m4b", "wav", "flac", "opus")
MAX_ADDED_BYTES = 40_000
INDEPENDENT_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "epub": "application/epub+zip",
}
SOUND = ("valid", "match")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return find_signing_files({"XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("config"))})


@pytest.fixture
def sign(files):
    origin = Origin("1.0", "embedded", ("Ada", "Ben"), (OriginSound("ab" * 32),))
    return FileSigner(open_identity(files), origin).sign


def make_sound(path: Path) -> Path:
    muxer = ["-f", "ipod"] if path.suffix == ".m4b" else []
    tone = ["-f", "lavfi", "-i", "sine=duration=1", *muxer, str(path)]
    ffmpeg.run(tone, timeout_s=60)
    return path


def hash_frames(path: Path) -> bytes:
    copy = ["-i", str(path), "-map", "0:a", "-c", "copy", "-f", "streamhash", "-"]
    return ffmpeg.run(copy, timeout_s=60).stdout


def judge_independently(path: Path) -> tuple[str, str]:
    """Whether signature and content are valid, by a reader of another maker.

    It rejects the list of a book's files, which c2pa writes as a map: that is computed here.
    """
    sidecar, kind = path.with_suffix(".c2pa"), INDEPENDENT_TYPES[path.suffix[1:]]
    manifest = sidecar if sidecar.exists() else None
    report = encypher_c2pa.verify(path.read_bytes(), kind, manifest_store=manifest)
    if path.suffix == ".epub":
        return report["signature"], "match" if has_files_as_signed(path) else "mismatch"
    return report["integrity"], report["hard_binding"]


def has_files_as_signed(book: Path) -> bool:
    """Whether the files of a book, from their headers on, have the digests of its manifest."""
    with book.open("rb") as file, Reader("application/epub+zip", file) as reader:
        content = json.loads(reader.detailed_json())
    manifest = content["manifests"][content["active_manifest"]]
    signed = manifest["assertion_store"]["c2pa.hash.collection.data"]["uris"]
    packed = book.read_bytes()
    with zipfile.ZipFile(book) as archive:
        starts = {each.filename: each.header_offset for each in archive.infolist()}
    names = [name for name in starts if not name.endswith(("/", ".c2pa"))]
    parts = {name: packed[starts[name] : starts[name] + signed[name]["size"]] for name in names}
    return len(parts) > 2 and all(
        b64encode(sha256(part).digest()).decode() == signed[name]["hash"]
        for name, part in parts.items()
    )


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_signed_file_keeps_its_frames_and_shows_every_later_change(tmp_path, sign, suffix):
    path = make_sound(tmp_path / f"story.{suffix}")
    frames, size = hash_frames(path), path.stat().st_size
    assert read_provenance(path).state == "none"
    sidecar = sign(path)
    assert hash_frames(path) == frames
    manifest_bytes = path.stat().st_size - size or sidecar.stat().st_size
    assert 0 < manifest_bytes < MAX_ADDED_BYTES
    found = read_provenance(path)
    assert (found.state, found.is_synthetic, found.is_trusted) == ("valid", True, False)
    assert (found.engine, found.voices, found.software) == ("embedded", ("Ada", "Ben"), "Mixer 1.0")
    assert judge_independently(path) == SOUND
    content = bytearray(path.read_bytes())
    content[-size // 3] ^= 1
    path.write_bytes(content)
    assert read_provenance(path).state == "changed"
    assert judge_independently(path) == ("invalid", "mismatch")


def add_link(path: Path, url: str) -> None:
    """Let a file say, as XMP, that its manifest is at an address."""
    terms = "xmlns:dcterms='http://purl.org/dc/terms/'"
    syntax = "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
    link = f"<rdf:Description {terms} dcterms:provenance='{url}'/>"
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF {syntax}>{link}</rdf:RDF></x:xmpmeta>"
    if path.suffix == ".mp3":
        body = b"XMP\0" + xmp.encode()
        frame = b"PRIV" + len(body).to_bytes(4) + bytes(2) + body
        size = bytes((len(frame) >> 7 * n) & 127 for n in (3, 2, 1, 0))
        path.write_bytes(b"ID3\3\0\0" + size + frame + path.read_bytes())
    else:
        body = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + xmp.encode()
        path.write_bytes(path.read_bytes() + (len(body) + 8).to_bytes(4) + b"uuid" + body)


@pytest.mark.parametrize("suffix", ["mp3", "m4a"])
def test_no_address_that_a_file_names_is_opened(tmp_path, suffix):
    path, opened = make_sound(tmp_path / f"story.{suffix}"), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            opened.append(self.path)
            self.send_error(404)

    with run_http_server(Handler) as url:
        add_link(path, f"{url}/manifest.c2pa")
        assert read_provenance(path).state == "none"
    assert opened == []


def build_chapters(count):
    """An ID3 tag of so many chapters, each with a name of its own."""
    times = struct.pack(">IIII", 0, 1, 0xFFFF_FFFF, 0xFFFF_FFFF)
    frames = b"".join(b"CHAP\0\0\0\x18\0\0c%06d\0" % n + times for n in range(count))
    size = bytes((len(frames) >> 7 * n) & 127 for n in (3, 2, 1, 0))
    return b"ID3\3\0\0" + size + frames


@pytest.mark.parametrize(
    ("name", "begin", "end"),
    [
        ("story.mp3", build_chapters(60_000), b""),
        ("story.m4a", b"", b"\0\0\0\x08free" * 500_000),
    ],
)
def test_file_that_takes_too_long_is_not_read(tmp_path, name, begin, end):
    path = make_sound(tmp_path / name)
    path.write_bytes(begin + path.read_bytes() + end)
    assert read_provenance(path, limit_s=1).state == "unread"


@pytest.mark.parametrize("count", [0, 200, MAX_MP3_CHAPTERS + 1])
def test_mp3_with_too_many_chapters_is_not_signed(tmp_path, sign, count):
    path = make_sound(tmp_path / "story.mp3")
    path.write_bytes(build_chapters(count) + path.read_bytes())
    unsigned = path.read_bytes()
    if count > MAX_MP3_CHAPTERS:
        with pytest.raises(MixerError, match=r"story.mp3 could not be signed: .* 5,000 chapters"):
            sign(path)
        assert path.read_bytes() == unsigned
        assert [each.name for each in tmp_path.iterdir()] == ["story.mp3"]
    else:
        sign(path)
        assert read_provenance(path).state == "valid"


@pytest.mark.parametrize("data", [[1], "text", {"voices": 7}, 7])
def test_a_manifest_of_another_shape_is_invalid(tmp_path, files, data):
    path, identity = make_sound(tmp_path / "plain.wav"), open_identity(files)
    signed = tmp_path / "story.wav"
    manifest = dict(build_manifest(Origin("1.0", "embedded", ()), "story.wav"))
    actions, speech = manifest["assertions"]
    manifest["assertions"] = [actions, {**speech, "data": data}]
    with (
        Signer.from_callback(identity.sign, C2paSigningAlg.ES256, identity.certificates) as signer,
        Builder(manifest) as builder,
        path.open("rb") as source,
        signed.open("w+b") as target,
    ):
        builder.sign(signer, "audio/wav", source, target)
    assert read_provenance(signed).state == "invalid"


def test_chapters_with_long_titles_are_read_by_ffmpeg_when_they_are_signed(tmp_path, sign):
    path, titles = make_sound(tmp_path / "story.mp3"), ["A" * 200, "Глава – " * 30, "A" * 126]
    chapters = [(number / 4, title) for number, title in enumerate(titles)]
    path.write_bytes(
        build_id3_tag(AudioTags({}, chapters=chapters, total_s=1.0)) + path.read_bytes()
    )
    sign(path)
    read = ["-i", str(path), "-f", "ffmetadata", "-"]
    found = ffmpeg.run(read, timeout_s=60).stdout.decode().split("[CHAPTER]")[1:]
    read_titles = [each.partition("title=")[2].strip() for each in found]
    assert read_titles[::2] == ["A" * 123 + "…", "A" * 126]
    assert read_titles[1].startswith("Глава – Глава")
    assert read_titles[1].endswith("…")


def test_the_manifest_names_sounds_by_hash_and_no_words(tmp_path, sign):
    path = make_sound(tmp_path / "story.flac")
    sign(path)
    with path.open("rb") as file, Reader("audio/flac", file) as reader:
        content = json.loads(reader.json())
    manifest = content["manifests"][content["active_manifest"]]
    (ingredient,) = manifest["ingredients"]
    assert "ab" * 32 in ingredient["instance_id"]
    labels = {each["label"] for each in manifest["assertions"]}
    assert {"c2pa.actions.v2", "org.mixer.speech"} <= labels


def test_the_key_is_made_once_for_its_owner_alone(files):
    certificate = open_identity(files).certificates
    assert files.key.stat().st_mode & 0o777 == 0o600
    assert open_identity(files).certificates == certificate


@pytest.mark.parametrize("years", [-30, 30])
def test_a_certificate_of_mixers_own_is_made_again_when_the_clock_has_left_it(tmp_path, years):
    files = find_signing_files({"XDG_CONFIG_HOME": str(tmp_path)})
    then = datetime.now(UTC) + timedelta(days=365 * years)
    old = open_identity(files, then).certificates
    assert open_identity(files).certificates != old


@pytest.mark.parametrize(("years", "flaw"), [(-30, "expired on"), (30, "and the clock shows")])
def test_a_certificate_of_the_users_own_that_is_not_valid_signs_nothing(tmp_path, years, flaw):
    made = find_signing_files({"XDG_CONFIG_HOME": str(tmp_path)})
    open_identity(made, datetime.now(UTC) + timedelta(days=365 * years))
    own = {"MIXER_SIGNING_KEY": str(made.key), "MIXER_SIGNING_CERTIFICATE": str(made.certificates)}
    with pytest.raises(Misconfigured, match=flaw):
        open_identity(find_signing_files(own))
    with pytest.raises(Misconfigured, match="belong together"):
        find_signing_files({"MIXER_SIGNING_KEY": "key.pem"})


def test_a_story_is_signed_where_it_is_exported_and_nowhere_else(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MIXER_SIGNING", "on")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    document = read_document("# One\n\nIt was late.\n\n# Two\n\nIt fitted.", TextType.MARKDOWN)
    outputs = {}
    for name, options in {
        "signed": Options(outputs=["chapter_files", "read_aloud"]),
        "tagged": Options(provenance="tags", outputs=["chapter_files"]),
    }.items():
        with closing(ToneEngine()) as engine:
            runner = build_story_runner(tmp_path / "store", engine, JobContext())
            out = tmp_path / name / "story.mp3"
            out.parent.mkdir()
            outputs[name] = runner.run_story(StoryInput(document), options, out).outputs
    signed, tagged = tmp_path / "signed", tmp_path / "tagged"
    chapters = sorted((signed / "story-chapters").glob("*.mp3"))
    made = [signed / "story.mp3", signed / "story.read-aloud.epub", *chapters]
    assert [read_provenance(path).state for path in made] == ["valid"] * 4
    assert read_provenance(tagged / "story.mp3").state == "none"
    assert hash_frames(signed / "story.mp3") == hash_frames(tagged / "story.mp3")
    report = json.loads((signed / "story.json").read_text())
    assert report["provenance"] == {"marked": "signed"}
    shown = InProcessCli(capsys)("inspect", signed / "story.mp3").out
    assert "signed, and unchanged since" in shown
    assert "synthetic: " in shown
    assert_signed_again_when_damaged(document, tmp_path / "store", signed / "story.mp3")


def assert_signed_again_when_damaged(document: Document, store: Path, out: Path) -> None:
    before = out.read_bytes()
    for segment in (store / "segments").rglob("*.mp3"):  # not read while the file is intact
        segment.write_bytes(segment.read_bytes()[:-1] + b"?")
    for content, is_kept in ((before, True), (before[:-1] + b"?", False)):
        out.write_bytes(content)
        with closing(ToneEngine()) as engine:
            runner = build_story_runner(store, engine, JobContext())
            runner.run_story(StoryInput(document), Options(), out)
        assert (out.read_bytes() == before) == is_kept
        assert read_provenance(out).state == "valid"


def test_signing_can_be_turned_off_for_a_computer(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("MIXER_SIGNING", "off")
    assert open_file_signer("embedded", ("Ada",), ()) is None
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_signed_stays_as_it_was(tmp_path, sign):
    path = make_sound(tmp_path / "story.mp3")
    shutil.copy(path, tmp_path / "copy.mp3")
    broken = tmp_path / "broken.m4b"
    broken.write_bytes(b"not a sound")
    with pytest.raises(Exception, match="could not be signed"):
        sign(broken)
    assert broken.read_bytes() == b"not a sound"
    assert {each.name for each in tmp_path.iterdir()} == {"story.mp3", "copy.mp3", "broken.m4b"}


def test_a_story_made_over_http_is_signed_with_all_that_is_cut_out_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    world = StoryWorld(tmp_path / "store", is_idle=True)
    made = {}
    for signing in ("off", "on"):
        monkeypatch.setenv("MIXER_SIGNING", signing)
        text = "# One\n\nIt was late.\n\n# Two\n\nIt fitted."
        story = world.create_story(
            text, outputs=["chapter_files", "read_aloud"], title=signing, feed_episodes="story"
        )
        world.run_story(story)
        made[signing] = world.status(story).result.links
    world.run_task("publish", story)  # by a retry, on files that are signed
    paths = fetch_all(world.store, made["on"], tmp_path)
    assert [judge_independently(each) for each in paths] == [SOUND] * 4
    assert [read_provenance(each).voices for each in paths] == [("Joanna",)] * 4
    plain = world.store.path(made["off"]["audio"])
    assert read_provenance(plain).state == "none"
    assert hash_frames(paths[0]) == hash_frames(plain)
    assert json.loads(world.store.get(made["on"]["report"]))["provenance"] == {"marked": "signed"}
    episodes = json.loads(world.store.get(StoryFolder(world.store, story).key(EPISODES)))
    assert episodes["episodes"][0]["audio"]["size_bytes"] == paths[0].stat().st_size


def fetch_all(store: FolderStore, links: dict[str, str], folder: Path) -> list[Path]:
    """The audio, the book and the chapters of a story."""
    with zipfile.ZipFile(store.path(links["chapter_files"])) as archive:
        archive.extractall(folder / "chapters")
    named = [store.path(links[name]) for name in ("audio", "read_aloud")]
    return [*named, *sorted((folder / "chapters").glob("*.mp3"))]


def test_a_story_is_published_although_its_key_cannot_be_used(tmp_path, monkeypatch):
    monkeypatch.setenv("MIXER_SIGNING", "on")
    monkeypatch.setenv("MIXER_SIGNING_KEY", str(tmp_path / "missing.pem"))
    monkeypatch.setenv("MIXER_SIGNING_CERTIFICATE", str(tmp_path / "missing.pem"))
    world = StoryWorld(tmp_path / "store")
    status = world.status(world.create_story("It was late."))
    assert "they cannot be signed: The signing key" in status.warnings[-1]
    assert read_provenance(world.store.path(status.result.links["audio"])).state == "none"


class DigestKms:
    """moto's KMS, which takes a digest for the message itself; the service does not."""

    def __init__(self, client):
        self._client = client
        self.get_public_key = client.get_public_key

    def sign(self, KeyId, Message, MessageType, SigningAlgorithm):  # noqa: N803 - KMS's names
        given = {"KeyId": KeyId, "Message": Message, "SigningAlgorithm": SigningAlgorithm}
        self._client.sign(**given, MessageType=MessageType)
        assert (MessageType, len(Message)) == ("DIGEST", 32)
        (keys,) = (each["eu-central-1"].keys for each in get_backend("kms").values())
        key = keys[KeyId].private_key.private_key
        return {"Signature": key.sign(Message, ECDSA(Prehashed(SHA256())))}


def test_a_key_in_kms_signs_with_a_certificate_that_is_made_once(tmp_path):
    store = FolderStore(tmp_path / "store")
    now = datetime.now(UTC)
    with mock_aws():
        client = boto3.client("kms", "eu-central-1")
        keys = {}
        for spec in ("ECC_NIST_P256", "RSA_2048"):
            made = client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
            keys[spec] = SigningVault(DigestKms(client), made["KeyMetadata"]["KeyId"])
        identity = open_vault_identity(keys["ECC_NIST_P256"], store, now - timedelta(days=9_999))
        old = identity.certificates
        identity = open_vault_identity(keys["ECC_NIST_P256"], store)
        assert identity.certificates != old
        assert open_vault_identity(keys["ECC_NIST_P256"], store) == identity
        path = make_sound(tmp_path / "story.mp3")
        FileSigner(identity, Origin("1.0", "generative", ("Joanna",))).sign(path)
        with pytest.raises(Misconfigured, match="ECC_NIST_P256"):
            open_vault_identity(keys["RSA_2048"], store)
        with pytest.raises(Misconfigured, match="cannot be used"):
            open_vault_identity(SigningVault(client, "none"), store)
        store.put("signing/certificate.pem", b"not PEM")
        with pytest.raises(Misconfigured, match="not a certificate"):
            open_vault_identity(keys["ECC_NIST_P256"], store)
    assert judge_independently(path) == SOUND
