"""Getting an Asterisk. The network is played by an `apt-get` and a `dpkg` of our own."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from sip.asterisk import debian
from sip.asterisk.debian import cached_tree, release_expired
from sip.asterisk.install import install
from sip.asterisk.mirror import SETTING, deb822_sources, find_keyring, find_mirror, one_line_sources
from sip.asterisk.modules import ALLOWED
from sip.trouble import SipTrouble

DEB822 = """\
# the machine's own
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main
"""


def apt_with(tmp_path: Path, **files: str) -> Path:
    """An /etc/apt with these files; `_` in a name stands for a dot, `parts_` for sources.list.d."""
    apt = tmp_path / "apt"
    (apt / "sources.list.d").mkdir(parents=True)
    for name, text in files.items():
        place = apt / "sources.list.d" / name[6:] if name.startswith("parts_") else apt / name
        place.with_name(place.name.replace("_", ".")).write_text(text)
    return apt


def test_the_mirror_of_the_machines_own_sources_is_used_in_either_style(tmp_path: Path) -> None:
    new = apt_with(tmp_path / "new", parts_debian_sources=DEB822)
    assert find_mirror(new, {}) == "http://mirror.example/debian"
    old = apt_with(
        tmp_path / "old",
        sources_list="# deb http://commented.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k/debian-archive-keyring.gpg] http://old.example/debian/ bookworm main\n",
    )
    assert find_mirror(old, {}) == "http://old.example/debian"


def test_somebodys_packages_for_debian_are_not_taken_for_debian(tmp_path: Path) -> None:
    apt = apt_with(
        tmp_path,
        parts_a_list="deb https://download.shop.example/linux/debian bookworm stable\n"
        "deb [signed-by=/usr/share/keyrings/shop.gpg] https://shop.example/debian bookworm main\n"
        "deb https://packages.shop.example/debian/12/prod bookworm main\n",
        parts_b_sources=DEB822.replace("Types:", "Enabled: no\nTypes:"),
        parts_c_list="deb http://snapshot.example/archive/debian/20260101T000000Z trixie main\n",
    )
    assert find_mirror(apt, {}) == "http://snapshot.example/archive/debian/20260101T000000Z"


def test_a_cloud_images_list_of_mirrors_is_handed_on_as_it_is() -> None:
    (source, _security) = deb822_sources(
        DEB822.replace("http://mirror.example/debian\n", "mirror+file:///etc/apt/mirrors/debian.list\n")
    )
    assert source.is_debian
    assert source.uri == "mirror+file:///etc/apt/mirrors/debian.list"
    assert [one.is_debian for one in one_line_sources("deb mirror+file:/etc/apt/mirrors/debian.list trixie main")] == [
        True
    ]


def test_the_setting_wins_over_the_machines_sources(tmp_path: Path) -> None:
    apt = apt_with(tmp_path, parts_debian_sources=DEB822)
    assert find_mirror(apt, {SETTING: "http://near.example/debian/"}) == "http://near.example/debian"
    with pytest.raises(SipTrouble, match="not the address of a Debian mirror"):
        find_mirror(apt, {SETTING: "near.example"})


def test_a_machine_without_a_debian_mirror_is_told_what_to_set(tmp_path: Path) -> None:
    apt = apt_with(tmp_path, sources_list="deb http://archive.example/ubuntu noble main universe\n")
    with pytest.raises(SipTrouble, match=f"set {SETTING}="):
        find_mirror(apt, {})


def test_missing_keys_of_debian_are_told_with_the_package_that_has_them(tmp_path: Path) -> None:
    with pytest.raises(SipTrouble, match="debian-archive-keyring"):
        find_keyring((tmp_path / "none.gpg",))


def test_a_release_file_is_expired_once_its_moment_has_passed(tmp_path: Path) -> None:
    (tmp_path / "mirror_dists_forky_InRelease").write_text(
        "-----BEGIN PGP SIGNED MESSAGE-----\nOrigin: Debian\nValid-Until: Fri, 06 Nov 2026 08:08:01 UTC\nSHA256:\n"
    )
    assert release_expired(tmp_path, datetime(2026, 11, 6, 8, 8, tzinfo=UTC)) is None
    assert release_expired(tmp_path, datetime(2026, 11, 6, 8, 9, tzinfo=UTC)) == datetime(
        2026, 11, 6, 8, 8, 1, tzinfo=UTC
    )


# ---------------------------------------------------------------- fetching


APT_GET = """\
#!/bin/sh
echo "$@" >> {log}
[ -e {fail} ] && {{ cat {fail} >&2; exit 100; }}
case "$*" in *download-only*) sleep 0.2; echo deb > "$(dirname "$APT_CONFIG")/cache/archives/asterisk_22.deb";; esac
exit 0
"""
DPKG = """\
#!/bin/sh
[ -e {broken} ] && {{ mkdir -p "$3/usr"; echo half > "$3/usr/half"; exit 2; }}
mkdir -p "$3/usr/sbin" "$3/usr/lib/x86_64-linux-gnu" "$3/usr/share/doc/asterisk" "$3/usr/share/man"
echo program > "$3/usr/sbin/asterisk"; echo other > "$3/usr/sbin/other"; echo man > "$3/usr/share/man/page"
"""


class Packages:
    """A machine whose apt-get and dpkg do as told."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cache, self.log, self.fail, self.broken = (place / name for name in ("cache", "log", "fail", "broken"))
        tools = place / "bin"
        tools.mkdir(parents=True)
        for name, text in (
            ("apt-get", APT_GET),
            ("dpkg", DPKG),
            ("apt-config", "#!/bin/sh\necho 'Acquire::http::Proxy \"p\";'\n"),
        ):
            (tools / name).write_text(
                text.format(log=self.log, fail=self.fail, broken=self.broken) if "{" in text else text
            )
            (tools / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
        monkeypatch.setenv(SETTING, "http://mirror.example/debian")
        monkeypatch.setattr(debian, "find_keyring", lambda: place / "keyring.gpg")
        self.said: list[str] = []

    def fetch(self) -> Path:
        return cached_tree(self.said.append, self.cache)

    @property
    def downloads(self) -> int:
        return self.log.read_text().count("download-only") if self.log.exists() else 0


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    return Packages(tmp_path, monkeypatch)


def test_it_is_fetched_once_and_only_what_running_needs_is_kept(packages: Packages) -> None:
    tree = packages.fetch()
    assert packages.fetch() == tree
    assert packages.downloads == 1
    kept = {str(path.relative_to(tree)) for path in tree.rglob("*")}
    assert {"usr/sbin/asterisk", "usr/lib/x86_64-linux-gnu", "usr/share/doc/asterisk"} <= kept
    assert not kept & {"usr/sbin/other", "usr/share/man"}
    assert [path.name for path in tree.parent.iterdir() if path.name not in ("tree", "lock")] == []


def test_many_starts_at_once_fetch_it_once(packages: Packages) -> None:
    with ThreadPoolExecutor(4) as starts:
        trees = set(starts.map(lambda _: packages.fetch(), range(4)))
    assert len(trees) == 1
    assert packages.downloads == 1
    assert any("waiting" in line for line in packages.said)


def test_what_an_interrupted_start_left_behind_is_taken_up_again(packages: Packages) -> None:
    packages.broken.touch()
    with pytest.raises(SipTrouble, match=r"asterisk_22.deb could not be unpacked .* start again"):
        packages.fetch()
    packages.broken.unlink()
    tree = packages.fetch()
    assert (tree / "usr/sbin/asterisk").is_file()
    assert not (tree / "usr/half").exists()


@pytest.mark.parametrize(
    ("apt_says", "sentence"),
    [
        (
            "E: Failed to fetch http://mirror.example/x  Could not resolve\n",
            "could not be fetched from http://mirror.example",
        ),
        ("E: You don't have enough free space in /x\n", "is full: make room"),
    ],
)
def test_a_mirror_that_fails_and_a_full_disk_are_one_sentence_each(
    packages: Packages, apt_says: str, sentence: str
) -> None:
    packages.fail.write_text(apt_says)
    with pytest.raises(SipTrouble, match=sentence) as told:
        packages.fetch()
    assert "\n" not in str(told.value)


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    packages: Packages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: SimpleNamespace(free=1 << 20))
    with pytest.raises(SipTrouble, match="make room"):
        packages.fetch()
    assert packages.downloads == 0


def test_a_machine_without_dpkg_is_told_what_else_will_do(
    packages: Packages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(SipTrouble, match="install Asterisk 22 yourself"):
        packages.fetch()


def test_apt_sees_nothing_of_the_machine_but_the_way_to_the_network(packages: Packages) -> None:
    packages.broken.touch()  # so that the configuration is still there to look at
    with pytest.raises(SipTrouble):
        packages.fetch()
    text = next(packages.cache.glob("*/apt/apt.conf")).read_text()
    assert 'Acquire::http::Proxy "p";' in text
    assert 'Dir::Etc::parts "' + str(packages.cache) in text
    assert "AllowUnauthenticated" not in text
    assert "Insecure" not in text


# ---------------------------------------------------------------- a real one


def own(tmp_path: Path, version: str, tree: Path) -> Path:
    """An Asterisk as an admin would have installed it, of that version."""
    (tmp_path / "usr/sbin").mkdir(parents=True)
    program = tmp_path / "usr/sbin/asterisk"
    program.write_text(f"#!/bin/sh\necho 'Asterisk {version}'\n")
    program.chmod(0o755)
    (tmp_path / "usr/lib").symlink_to(tree / "usr/lib")
    (tmp_path / "usr/share").symlink_to(tree / "usr/share")
    return program


@pytest.mark.asterisk
def test_the_state_directory_gets_what_is_needed_and_the_second_time_nothing_is_done(tmp_path: Path) -> None:
    first = install(tmp_path, lambda _: None)
    assert {path.name for path in first.modules.glob("*")} - {".made-from"} == {f"{name}.so" for name in ALLOWED}
    assert int(first.version.partition(".")[0]) >= 22
    assert (first.rest_api / "channels.json").is_file()
    made = {path: path.stat().st_ctime_ns for path in (tmp_path / "tree", first.modules)}
    assert install(tmp_path, lambda _: None) == first
    assert {path: path.stat().st_ctime_ns for path in made} == made


@pytest.mark.asterisk
def test_a_fitting_asterisk_on_the_path_is_used_and_an_old_one_is_passed_over_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = cached_tree(lambda _: None)
    fits = own(tmp_path / "fits", "22.12.0", tree)
    monkeypatch.setenv("PATH", f"{fits.parent}:{os.environ['PATH']}")
    got = install(tmp_path / "a", lambda _: None)
    assert (got.version, got.start) == ("22.12.0", (str(fits),))
    assert {path.stem for path in got.modules.glob("*.so")} == set(ALLOWED)
    old = own(tmp_path / "old", "22.9.1~dfsg", tree)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    said: list[str] = []
    assert install(tmp_path / "b", said.append).source == "Debian"
    assert any("version 22.9.1, and 22.10.1 or newer is needed" in line for line in said)


@pytest.mark.asterisk
def test_the_configured_asterisk_is_the_only_one_that_will_do(tmp_path: Path) -> None:
    with pytest.raises(SipTrouble, match="There is no Asterisk at"):
        install(tmp_path, lambda _: None, configured=tmp_path / "nowhere")
    old = own(tmp_path / "old", "18.1.0", cached_tree(lambda _: None))
    with pytest.raises(SipTrouble, match=r"version 18\.1\.0"):
        install(tmp_path, lambda _: None, configured=old)


@pytest.mark.asterisk
def test_where_links_are_not_to_be_had_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    got = install(tmp_path, lambda _: None)
    assert Path(got.start[0]).stat().st_nlink == 1
