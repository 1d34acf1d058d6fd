"""Projects in every ObjectStore: one writer at a time, nothing half, nothing left behind."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from mixer.errors import (
    BadInput,
    DamagedObject,
    MixerError,
    NotFound,
    ObjectTooLarge,
    ProjectChanged,
)
from mixer.services import ProjectService
from mixer.services import projects as module
from mixer.services.project_states import KEPT_STATES
from mixer.store import ObjectStore
from tests.contract.test_object_store import CASES, keys

ID, THREADS = "0a1b2c3d-lighthouse", 4


@pytest.fixture(params=CASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    with CASES[request.param](tmp_path / "store") as opened:
        yield opened


def capture(act: Callable[[], object]) -> type[MixerError] | None:
    try:
        act()
    except MixerError as error:
        return type(error)
    return None


def test_one_of_many_writers_is_first_and_the_others_learn_its_state(store: ObjectStore) -> None:
    service, together = ProjectService(store), Barrier(THREADS)
    first = service.save("ann", ID, {"name": "Lamp", "text": "Dark."})

    def write(number: int) -> type[MixerError] | None:
        together.wait()
        fields = {"name": "Lamp", "text": f"Dark {number}."}
        return capture(lambda: service.save("ann", ID, fields, [first.etag]))

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(write, range(THREADS)))
    assert sorted(outcomes, key=str) == [*[ProjectChanged] * (THREADS - 1), None]
    kept = service.get("ann", ID).fields["text"]
    assert kept == f"Dark {outcomes.index(None)}."
    assert len([key for key in keys(store) if "/texts/" in key]) == 2


def test_old_states_and_their_texts_go_and_a_deletion_leaves_a_mark_for_a_day(
    store: ObjectStore,
) -> None:
    now_s = [0.0]
    service = ProjectService(store, clock=lambda: now_s[0])
    for number in range(9):
        if_match = ["*"] if number else []
        fields = {"name": f"{number}", "text": f"{number // 2}"}
        service.save("ann", ID, fields, if_match)
    assert len(keys(store)) == KEPT_STATES + 3
    (listed,) = service.list_page("ann").projects
    assert listed.fields == {"name": "8"}
    now_s[0] = listed.modified.timestamp()
    newest = max(key for key in keys(store) if key.endswith(".json"))
    store.put(newest, b"damaged")
    assert service.get("ann", ID).fields == {"name": "7", "text": "3"}
    service.delete("ann", ID)
    (mark,) = keys(store)
    assert mark > newest
    assert service.list_page("ann").projects == ()
    assert capture(lambda: service.save("ann", ID, {"name": "9"}, [listed.etag])) is NotFound
    now_s[0] += 2 * 86_400
    service.list_page("ann")
    assert keys(store) == []


DAMAGES: tuple[Callable[[bytes], bytes], ...] = (
    lambda _: b"",
    lambda content: content[: len(content) // 2],
    lambda content: content[:20] + bytes([content[20] ^ 4]) + content[21:],
    lambda content: b"\xff" * len(content),
    lambda _: b'{"etag": 1, "fields": [1], "text_key": 5, "digest": 3, "uploads": []}',
)


def test_damage_is_reported_and_healed_by_saving_again(store: ObjectStore) -> None:
    service, fields = ProjectService(store), {"name": "Lamp", "text": "The whole text." * 9}
    service.save("ann", ID, fields)
    service.save("ann", f"{ID}-2", {"name": "Other", "text": "Another."})
    for part in (".json", ".txt"):
        for damage in DAMAGES:
            key = max(key for key in keys(store) if f"{ID}/" in key and key.endswith(part))
            store.put(key, damage(store.get(key)))
            assert capture(lambda: service.get("ann", ID)) is DamagedObject
            listed = {each.project_id: each.fields for each in service.list_page("ann").projects}
            assert listed.keys() == {ID, f"{ID}-2"}
            assert ("damaged" in listed[ID]["name"]) == (part == ".json")
            service.save("ann", ID, fields, ["an etag from before"])
            assert service.get("ann", ID).fields == fields
            service.delete("ann", ID)
            service.save("ann", ID, fields)


def test_state_of_another_project_is_not_taken_for_ones_own(store: ObjectStore) -> None:
    service = ProjectService(store)
    for project_id in (ID, f"{ID}-2"):
        service.save("ann", project_id, {"name": project_id, "text": "Same."})
    one, other = [key for key in keys(store) if key.endswith(".json")]
    store.put(one, store.get(other))
    assert {capture(lambda name=name: service.get("ann", name)) for name in (ID, f"{ID}-2")} == {
        *(DamagedObject, None)
    }


def test_caller_reaches_only_own_projects_and_limits_hold(
    monkeypatch: pytest.MonkeyPatch, store: ObjectStore
) -> None:
    monkeypatch.setattr(module, "PAGE_SIZE", 2)
    monkeypatch.setattr(module, "MAX_PROJECTS", 5)
    service = ProjectService(store)
    for number in range(5):
        service.save("ann", f"{ID}-{number}", {"name": f"{number}"})
    seen, cursor = [], ""
    while cursor is not None:
        page = service.list_page("ann", cursor)
        seen.append([each.fields["name"] for each in page.projects])
        cursor = page.cursor
    assert [len(names) for names in seen] == [2, 2, 1]
    assert sorted(name for names in seen for name in names) == ["0", "1", "2", "3", "4"]
    assert capture(lambda: service.save("ann", ID, {"name": "6"})) is BadInput
    too_large = {"name": "6", "text": "x" * module.MAX_PROJECT_BYTES}
    assert capture(lambda: service.save("ann", f"{ID}-0", too_large, ["*"])) is ObjectTooLarge
    for act in (
        lambda: service.get("ben", f"{ID}-0"),
        lambda: service.delete("ben", f"{ID}-0"),
        lambda: service.save("ben", f"{ID}-0", {"name": "x"}, ["*"]),
        lambda: service.get("ann", "../../stories/secret"),
        lambda: service.save("ann", "", {"name": "x"}, ["*"]),
    ):
        assert capture(act) is NotFound
    assert service.list_page("ben").projects == ()
