"""A volunteer's phone at home (pjsua2): TLS with our CA checked, SRTP, with or without ICE; it answers by itself.

Run as `python -m tests.rigs.tls_phone '{...}'`; says what happens in a JSON object per line, and ends with its stdin.
"""

from __future__ import annotations

import json
import os
import select
import sys
from typing import Any

import pjsua2 as pj

OUT = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")


def say(**event: object) -> None:
    OUT.write(json.dumps(event) + "\n")


class TlsCall(pj.Call):  # type: ignore[misc]  # the library has no types
    def __init__(self, account: TlsAccount, pj_id: int) -> None:
        super().__init__(account, pj_id)
        self.account, self.kept = account, []  # type: ignore[var-annotated]

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            say(told="answered")
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            say(told="ended", code=info.lastStatusCode, why=info.lastReason)

    def onCallMediaState(self, prm: Any) -> None:
        try:
            self._connect()
        except Exception as wrong:  # the library swallows what is raised here
            say(told="trouble", why=repr(wrong))
            raise

    def _connect(self) -> None:
        wish = self.account.wish
        info = self.getInfo()  # kept: what it holds goes with it
        if self.kept or not any(one.status == pj.PJSUA_CALL_MEDIA_ACTIVE for one in info.media):
            return
        audio, recorder = self.getAudioMedia(-1), pj.AudioMediaRecorder()
        recorder.createRecorder(wish["record"])
        audio.startTransmit(recorder)
        self.kept.append(recorder)
        if wish["say"]:
            player = pj.AudioMediaPlayer()
            player.createPlayer(wish["say"], 0)
            player.startTransmit(audio)
            self.kept.append(player)
        say(told="media")


class TlsAccount(pj.Account):  # type: ignore[misc]
    def __init__(self, wish: dict[str, Any]) -> None:
        super().__init__()
        self.wish, self.calls = wish, []  # type: ignore[var-annotated]

    def onRegState(self, prm: Any) -> None:
        say(told="registered" if prm.code == 200 else "refused", code=prm.code, why=prm.reason)

    def onIncomingCall(self, prm: Any) -> None:
        call = TlsCall(self, prm.callId)
        self.calls.append(call)
        say(told="ring", invite=prm.rdata.wholeMsg)
        answer = pj.CallOpParam(True)
        answer.statusCode = 200
        call.answer(answer)


def begin(wish: dict[str, Any]) -> tuple[Any, TlsAccount]:
    config = pj.EpConfig()
    config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
    config.logConfig.level = config.logConfig.consoleLevel = int(wish.get("log", 0))
    config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
    config.medConfig.ecTailLen = 0
    config.medConfig.noVad = bool(wish["say"])  # nothing to say: nothing is sent
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.boundAddress = wish["bind"]
    transport.tlsConfig.CaListFile, transport.tlsConfig.verifyServer = wish["ca"], True
    kind = pj.PJSIP_TRANSPORT_TLS if wish["transport"] == "tls" else pj.PJSIP_TRANSPORT_UDP
    endpoint.transportCreate(kind, transport)
    endpoint.libStart()
    for codec in endpoint.codecEnum2():
        endpoint.codecSetPriority(codec.codecId, {"PCMA/8000/1": 255, "PCMU/8000/1": 254}.get(codec.codecId, 0))
    account, settings = TlsAccount(wish), pj.AccountConfig()
    settings.idUri = f"sip:{wish['name']}@{wish['server'].rpartition(':')[0]}"
    settings.regConfig.registrarUri = f"sip:{wish['server']};transport={wish['transport']}"
    settings.regConfig.timeoutSec = 60
    settings.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", wish["name"], 0, wish["password"]))
    settings.mediaConfig.transportConfig.boundAddress = wish["bind"]
    settings.mediaConfig.srtpUse = {
        "mandatory": pj.PJMEDIA_SRTP_MANDATORY,
        "optional": pj.PJMEDIA_SRTP_OPTIONAL,
        "off": pj.PJMEDIA_SRTP_DISABLED,
    }[wish["srtp"]]
    settings.mediaConfig.srtpSecureSignaling = 0
    settings.natConfig.iceEnabled = wish["ice"]
    account.create(settings)
    return endpoint, account


def main() -> None:
    endpoint, account = begin(json.loads(sys.argv[1]))
    while not select.select([0], [], [], 0)[0] or os.read(0, 65536):
        endpoint.libHandleEvents(10)
    for call in account.calls:
        if call.isActive():
            call.hangup(pj.CallOpParam())
    if account.getInfo().regIsActive:
        account.setRegistration(False)
    endpoint.libHandleEvents(300)
    os._exit(0)  # the library's own tear-down trips over its Python objects


if __name__ == "__main__":
    main()
