"""A served copy costs no disk where the file system can share blocks: tried on a real XFS."""

import os
import shutil
import subprocess

import pytest

from resources.fs import atomic

pytestmark = pytest.mark.scale

SIZE = 64 << 20


@pytest.fixture
def xfs(tmp_path):
    """A folder on an XFS of its own, in a file."""
    if os.geteuid() != 0 or not shutil.which("mkfs.xfs"):
        pytest.skip("needs root and mkfs.xfs")
    image, folder = tmp_path / "image", tmp_path / "xfs"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(400 << 20)
    subprocess.run(["mkfs.xfs", "-q", image], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", image, folder], check=False)
    if mounted.returncode:
        pytest.skip("no loop device can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def used(folder):
    os.sync()
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def test_a_copy_shares_its_blocks_until_one_of_the_two_is_written_to(xfs):
    source, target = xfs / "source", xfs / "target"
    content = os.urandom(1 << 20) * (SIZE >> 20) + b"not a whole block"
    source.write_bytes(content)
    before = used(xfs)
    atomic.copy_file(source, target)
    assert used(xfs) - before < SIZE / 100
    with source.open("r+b") as file:
        file.write(b"changed")
    assert target.read_bytes() == content
