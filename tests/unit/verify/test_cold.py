"""A cold file is looked for in the store; one that is nowhere is not cold."""

from resources.raw import captures
from resources.raw.captures import Capture
from resources.verify.cold import ColdFiles
from tests.support.cold_store import move
from tests.unit.raw.conftest import captured_day, store  # noqa: F401 - fixtures


def test_what_the_store_has_is_counted_and_what_it_lacks_is_named(captured_day, store):  # noqa: F811
    name = captures.captures_in(captured_day)[0]
    (file,) = Capture(captured_day / name.text, name).body_files()
    look = ColdFiles()
    assert look.damage(file) is None
    move(captured_day, store)
    assert (look.damage(file), look.files) == ("", 1)
    deep = ColdFiles(is_deep=True)
    assert (deep.damage(file), deep.files) == ("", 0)
    for path in (store.root / one for one in store.objects):
        path.write_bytes(b"short")
    assert "holds 5 bytes in s3://bucket/cold" in look.damage(file)
    for path in (store.root / one for one in store.objects):
        path.unlink()
    assert "is gone from s3://bucket/cold" in look.damage(file)
