"""Phones that nobody here wrote, over TLS with our CA checked and SRTP or no call: pjsua2, baresip, linphone. Each is a
process that answers by itself, says a tone and keeps what it hears."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from sip.phone import pjsua_is_here
from sip.phone.interface import Samples
from tests.rigs.asterisk import write_tone

CHECKOUT = Path(__file__).resolve().parents[2]
KINDS = ("pjsua2", "baresip", "linphone")
SAYS = 900
"""Hz."""
START_S = 20.0
_WAV_HEAD = 44
MODULES = ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules")

BARESIP = """\
poll_method epoll
sip_cafile {ca}
audio_source ausine,{pitch}
ausrc_srate 48000
ausrc_channels 2
rtp_ports 33000-60000
module_path {modules}
module ausine.so
module g711.so
module srtp.so
module ice.so
module sndfile.so
snd_path {folder}
module account.so
module menu.so
"""
BARESIP_ACCOUNT = (
    "<sip:{name}@{server};transport=tls>;auth_pass={password};regint=60;answermode=auto;mediaenc=srtp-mand{more}\n"
)
LINPHONE = """\
[sip]
root_ca={ca}
verify_server_certs=1
verify_server_cn=1
media_encryption=srtp
media_encryption_mandatory=1
sip_port=-1
sip_tcp_port=-1
sip_tls_port=-1
default_proxy=0
[proxy_0]
reg_proxy=<sip:{server};transport=tls>
reg_identity=sip:{name}@{host}
reg_sendregister=1
reg_expires=60
[auth_info_0]
username={name}
passwd={password}
realm=voiceline
[sound]
echocancellation=0
[video]
enabled=0
"""


def is_here(kind: str) -> bool:
    return pjsua_is_here() if kind == "pjsua2" else shutil.which({"linphone": "linphonec"}.get(kind, kind)) is not None


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    password: str
    server: str
    """host:port for TLS."""
    ca: Path
    bind: str = "127.0.0.1"
    ice: bool = False
    mute: bool = False
    """pjsua2 only: sends nothing."""
    within: tuple[str, ...] = ()
    """What comes before the command: another network namespace."""


class SecurePhone:
    def __init__(self, kind: str, login: Login) -> None:
        self.kind, self.login = kind, login
        self._kept = tempfile.TemporaryDirectory(prefix="secure-")
        self.folder = Path(self._kept.name)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        write_tone(self.folder / "say.wav", 60, SAYS)
        command = {"pjsua2": self._pjsua, "baresip": self._baresip, "linphone": self._linphone}[self.kind]()
        pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            *self.login.within,
            *command,
            stdin=pipe if self.kind != "baresip" else quiet,
            stdout=quiet,
            stderr=quiet,
            cwd=CHECKOUT,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(self.folder), "LANG": "C.UTF-8"},
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._process is not None
        if self._process.stdin is not None:
            self._process.stdin.write(b"quit\n" if self.kind == "linphone" else b"")
            self._process.stdin.close()
        elif self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._kept.cleanup()

    def _pjsua(self) -> list[str]:
        login = self.login
        wish = {
            "name": login.name,
            "password": login.password,
            "server": login.server,
            "bind": login.bind,
            "ca": str(login.ca),
            "transport": "tls",
            "srtp": "mandatory",
            "ice": login.ice,
            "say": "" if login.mute else str(self.folder / "say.wav"),
            "record": str(self.folder / "heard.wav"),
        }
        return [sys.executable, "-m", "tests.rigs.tls_phone", json.dumps(wish)]

    def _baresip(self) -> list[str]:
        login = self.login
        modules = next((each for each in MODULES if Path(each).is_dir()), MODULES[0])
        config = BARESIP.format(ca=login.ca, pitch=SAYS, modules=modules, folder=self.folder)
        (self.folder / "config").write_text(config, encoding="utf-8")
        account = BARESIP_ACCOUNT.format(
            name=login.name, password=login.password, server=login.server, more=";medianat=ice" if login.ice else ""
        )
        (self.folder / "accounts").write_text(account, encoding="utf-8")
        return ["baresip", "-n", login.bind, "-f", str(self.folder)]

    def _linphone(self) -> list[str]:
        login = self.login
        (self.folder / ".local/share/linphone").mkdir(parents=True)  # without it the program stops and says nothing
        told = LINPHONE.format(
            ca=login.ca,
            server=login.server,
            name=login.name,
            host=login.server.rpartition(":")[0],
            password=login.password,
        )
        (self.folder / "rc").write_text(told, encoding="utf-8")
        return ["linphonec", "-a", "-c", str(self.folder / "rc"), "-d", "0"]

    async def choose_sound(self) -> None:
        """linphone takes files for a sound card when told at its prompt, which first asks for a password it has and
        swallows what it is told: so it is told again."""
        if self.kind != "linphone":
            return
        assert self._process is not None
        assert self._process.stdin is not None
        files = ("soundcard use files", f"play {self.folder}/say.wav", f"record {self.folder}/heard.wav")
        for words in 4 * files:
            self._process.stdin.write(words.encode() + b"\n")
            await asyncio.sleep(0.3)  # it shows nothing that could be waited for

    def heard(self) -> Samples:
        """Everything until now."""
        found = next(iter([*self.folder.glob("heard*.wav"), *self.folder.glob("*-dec.wav")]), None)
        data = found.read_bytes()[_WAV_HEAD:] if found is not None else b""
        return np.frombuffer(data[: len(data) & ~1], dtype="<i2").astype(np.int16)
