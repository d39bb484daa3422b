from __future__ import annotations

import io
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ivr.core.ids import LineId, VolunteerId, place_id
from sip.accounts import ensure_accounts, passwords, remove_account, volunteer_name
from sip.asterisk import render as module
from sip.asterisk.hold_tone import hold_tone
from sip.asterisk.modules import ALLOWED
from sip.asterisk.render import RELOADED, reload_commands, render, rendered
from sip.asterisk.settings import Account, Device, Line, OpenSpan, PartnerPlace, Places, Ports, Settings
from sip.secrets import open_secrets
from sip.trouble import SipTrouble
from sip.trunks import DEMO_TRUNK, read_trunk

LINE = Line(LineId("bornetelefonen"), "116111", "BørneTelefonen", (Path("/s/a.wav"), Path("/s/b.wav")), (), ())


def settings(place: Path = Path("/srv/voiceline"), **changes: object) -> Settings:
    plain = Settings(
        Places.in_state(place, place / "modules", place / "data"),
        Ports.from_base(20000),
        (LINE,),
        (
            Account(VolunteerId("anna"), "password-of-anna", (LINE.id,)),
            Account(VolunteerId("bo"), "password-of-bo", ()),
        ),
        "ari-password",
        "ami-secret",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_the_same_settings_give_the_same_bytes_whatever_order_accounts_come_in() -> None:
    turned = settings(accounts=tuple(reversed(settings().accounts)))
    assert rendered(turned) == rendered(settings())


def test_only_what_changed_is_written_and_named(tmp_path: Path) -> None:
    assert "pjsip.conf" in render(settings(tmp_path))
    assert render(settings(tmp_path)) == frozenset()
    more = (*settings().accounts, Account(VolunteerId("cia"), "password-of-cia", (LINE.id,)))
    changed = render(settings(tmp_path, accounts=more))
    assert changed == {"pjsip.conf", "queues.conf"}
    assert reload_commands(changed) == ("module reload res_pjsip.so", "queue reload all")
    assert render(settings(tmp_path, accounts=more, ports=Ports.from_base(22000))) - RELOADED.keys()


def test_every_file_is_closed_to_other_users_and_never_half_there(tmp_path: Path) -> None:
    render(settings(tmp_path))
    files = list((tmp_path / "etc").iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not [path.name for path in files if path.name.startswith(".")]


def test_passwords_stand_in_no_file_but_their_own_and_in_no_repr() -> None:
    for name, text in rendered(settings()).items():
        assert ("password-of-anna" in text) == (name == "pjsip.conf")
        assert ("ari-password" in text) == (name == "ari.conf")
        assert ("ami-secret" in text) == (name == "manager.conf")
    for secret in ("password-of-anna", "ari-password", "ami-secret"):
        assert secret not in repr(settings())


def test_a_name_that_no_template_knows_is_an_error_not_a_blank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rtp.conf.j2").write_text("rtpstart = {{ ports.rtp_furst }}\n")
    monkeypatch.setattr(module, "TEMPLATES", tmp_path)
    with pytest.raises(Exception, match="rtp_furst"):
        rendered(settings())


def test_the_load_list_is_the_whole_list_and_holds_nothing_that_shows_or_records_a_caller() -> None:
    text = rendered(settings())["modules.conf"]
    assert [line.removeprefix("require = ") for line in text.splitlines() if "=" in line and ";" not in line][1:] == [
        f"{name}.so" for name in ALLOWED
    ]
    forbidden = {
        "func_channel", "func_db", "bridge_native_rtp", "app_dial", "app_mixmonitor", "app_record", "app_voicemail",
        "res_ari_asterisk", "res_ari_recordings", "res_pjsip_logger", "res_pjsip_history", "res_hep", "res_hep_pjsip",
        "res_pjsip_diversion", "res_pjsip_geolocation", "res_pjsip_stir_shaken", "res_pjsip_messaging",
        "res_pjsip_one_touch_record_info", "res_pjsip_dialog_info_body_generator", "func_pjsip_aor",
        "res_pjsip_header_funcs", "func_pjsip_endpoint", "app_system", "func_shell", "res_agi", "chan_websocket",
    }  # fmt: skip
    assert not forbidden & set(ALLOWED)


def test_a_caller_is_wiped_before_any_other_step_of_every_line() -> None:
    second = replace(LINE, id=LineId("foraeldretelefonen"), number="35555557", name='For"ældre;[Telefonen]')
    text = rendered(settings(lines=(LINE, second)))["extensions.conf"]
    for number, name in (("116111", "BørneTelefonen"), ("35555557", "ForældreTelefonen")):
        steps = text.partition(f"exten => {number},1,")[2].partition("exten =>")[0].splitlines()
        assert steps[0] == f'Set(CALLERID(all)="{name}" <{number}>)'
        assert [step.strip() for step in steps[1:4]] == [
            f"same => n,Set(CALLERID(ani-all)={number})",
            "same => n,Set(CALLERID(rdnis)=)",
            f"same => n,Set(CALLERID(dnid)={number})",
        ]


def test_a_partner_is_called_and_is_never_taken_for_anybody_who_calls() -> None:
    address = "sip:45112233@192.0.2.20"
    places = (
        PartnerPlace(place_id("natlinje", 1), address, "us", "password-of-us", (LINE.id,)),
        PartnerPlace(place_id("natlinje", 2), address, "", "", ()),
    )
    files = rendered(settings(partners=places))
    text = files["pjsip.conf"]
    template = text.partition("[partner](!,discreet)")[2].partition("[reached]")[0]
    assert "identify_by = header\n" in template
    assert "match_header" not in text
    assert text.count(f"contact = {address}\n") == 2
    assert text.count("outbound_auth = natlinje.1\n") == 1
    assert "outbound_auth = natlinje.2" not in text
    assert "member => PJSIP/natlinje.1,0,natlinje.1\n" in files["queues.conf"]
    assert "natlinje.2" not in files["queues.conf"]
    assert [name for name, text in files.items() if "password-of-us" in text] == ["pjsip.conf"]


def section(text: str, name: str) -> list[str]:
    """The settings of one section of a rendered file."""
    return [line for line in text.partition(f"\n[{name}")[2].partition("\n[")[0].splitlines() if " = " in line]


def test_nobody_is_hung_up_on_for_making_no_sound_on_a_trunk_and_a_talk_on_hold_may_last() -> None:
    files = rendered(settings())
    trunk, phone, everybody = (section(files["pjsip.conf"], name) for name in ("trunk](!", "phone](!", "discreet](!"))
    assert {"rtp_timeout = 0", "rtp_timeout_hold = 0"} < set(trunk)
    assert "rtp_timeout_hold = 1800" in phone
    assert "suppress_moh_on_sendonly = no" in everybody
    assert ("moh_suggest = hold" in trunk, "moh_suggest = default" in everybody) == (True, True)
    assert "allow_transfer = no" in everybody


def test_the_tone_for_a_held_volunteer_is_laid_out_with_the_files_and_kept_when_somebody_put_another(
    tmp_path: Path,
) -> None:
    render(settings(tmp_path))
    tone = tmp_path / "moh" / "hold" / "hold.wav"
    assert tone.read_bytes() == hold_tone()
    assert f"directory = {tone.parent}\n" in rendered(settings(tmp_path))["musiconhold.conf"]
    tone.write_bytes(b"another")
    render(settings(tmp_path))
    assert tone.read_bytes() == b"another"


def test_the_tone_is_soft_and_never_silent() -> None:
    with wave.open(io.BytesIO(hold_tone())) as file:
        assert file.getparams()[:3] == (1, 2, 8000)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float64)
    loud = np.sqrt(np.mean(samples[: len(samples) // 4000 * 4000].reshape(-1, 4000) ** 2, axis=1))
    assert loud.min() > 60, "each half second of it can be heard"
    assert loud.max() < 1600, "-26 dB: it does not hurt in a headset"


def test_a_trunk_is_known_by_its_address_alone() -> None:
    carrier = read_trunk("carrier", ["192.0.2.10", "198.51.100.0/28", "192.0.2.10"])
    text = rendered(settings(trunks=(DEMO_TRUNK, carrier)))["pjsip.conf"]
    assert carrier.sources == ("192.0.2.10", "198.51.100.0/28")
    assert "match = 127.0.0.2\n" in text
    assert "match = 198.51.100.0/28\n" in text
    trunk = text.partition("[trunk](!,discreet)")[2].partition("[")[0]
    assert "identify_by = ip\n" in trunk
    assert DEMO_TRUNK.is_demo
    assert not carrier.is_demo


@pytest.mark.parametrize(
    ("addresses", "sentence"),
    [
        ([], "has no address"),
        (["192.0.2.300"], "which is none"),
        (["0.0.0.0/0"], "too wide a net"),
        (["no-such-host.invalid"], "which is unknown"),
        (["198.51.100.1; drop"], "which is none"),
    ],
)
def test_a_bad_address_of_a_trunk_is_one_clear_sentence(addresses: list[str], sentence: str) -> None:
    with pytest.raises(SipTrouble, match=f"The trunk carrier .*{sentence}"):
        read_trunk("carrier", addresses)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sip_bind": "my-host"}, "sip_bind is 'my-host', which is no address"),
        ({"lines": (replace(LINE, number="116 111"),)}, "write digits only"),
        ({"lines": (LINE, replace(LINE, id=LineId("other")))}, "Two lines have the number 116111"),
        ({"lines": (replace(LINE, greeting=(Path("/s/a&b.wav"),)),)}, "cannot work with the path"),
        ({"places": settings(Path("/srv/my line")).places}, "without spaces"),
        ({"places": settings(Path("/srv/" + "x" * 100)).places}, "shorter state directory"),
    ],
)
def test_what_asterisk_cannot_be_told_is_one_clear_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(SipTrouble, match=sentence):
        rendered(replace(settings(), **changes))  # type: ignore[arg-type]


def test_ports_follow_their_base() -> None:
    assert Ports.from_base(20000) == Ports(20000, 20001, 20002, 20003, 20100, 22199, 20004, 20005)
    assert Ports.from_base(None) == Ports(5060, 8080, 8088, 5038, 10000, 12099)
    with pytest.raises(SipTrouble, match="--port-base 64000"):
        Ports.from_base(64000)


def test_members_of_the_last_resort_are_those_who_serve_the_line() -> None:
    text = rendered(settings())["queues.conf"]
    assert "[line-bornetelefonen](line)\nmember => PJSIP/anna,0,anna\n" in text
    assert "PJSIP/bo" not in text


def test_who_has_several_phones_is_one_member_for_each_and_free_when_all_are() -> None:
    known = settings()
    further = (Device("anna~hjem", "another-password"),)
    texts = rendered(replace(known, accounts=(replace(known.accounts[0], further=further), *known.accounts[1:])))
    assert "member => PJSIP/anna,0,anna,hint:anna@devices\n" in texts["queues.conf"]
    assert "member => PJSIP/anna~hjem,0,anna,hint:anna@devices\n" in texts["queues.conf"]
    assert "exten => anna,hint,PJSIP/anna&PJSIP/anna~hjem\n" in texts["extensions.conf"]
    (theirs,) = [part for part in texts["pjsip.conf"].split("\n\n") if part.startswith("[anna~hjem](phone)")]
    assert "set_var = VL_WHO=anna\n" in f"{theirs}\n", "a code counts for the volunteer"


def test_hours_are_moments_and_an_old_table_shuts_nobody_out() -> None:
    line = replace(LINE, open=(OpenSpan(1000, 2000), OpenSpan(3000, 4000)), closed=(Path("/s/closed.wav"),))
    text = rendered(settings(lines=(line,), shift_s=-3600))["extensions.conf"]
    assert "VL_SHIFT = -3600" in text
    assert "${VL_NOW} >= 1000 & ${VL_NOW} < 2000]?open" in text
    assert "GotoIf($[${VL_NOW} >= 4000]?open)\n" in text
    assert " same => n,Playback(/s/closed)\n same => n,Hangup()" in text


# ---------------------------------------------------------------- secrets and accounts


def test_secrets_are_made_once_closed_to_others_and_never_shown(tmp_path: Path) -> None:
    first = open_secrets(tmp_path)
    assert open_secrets(tmp_path) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert first.ari_password not in repr(first)
    assert open_secrets(tmp_path / "other") != first


def test_a_broken_secrets_file_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(SipTrouble, match="put a backup of it back"):
        open_secrets(tmp_path)


def test_accounts_keep_their_passwords_when_others_join_or_leave(tmp_path: Path) -> None:
    anna, bo = volunteer_name("anna"), volunteer_name("bo")
    first = ensure_accounts(tmp_path, [anna])
    both = ensure_accounts(tmp_path, [anna, bo])
    assert both[anna] == first[anna] != both[bo]
    assert len(both[bo]) >= 20
    assert (tmp_path / "accounts.json").stat().st_mode & 0o777 == 0o600
    assert remove_account(tmp_path, anna)
    assert not remove_account(tmp_path, anna)
    assert set(passwords(tmp_path)) == {bo}


@pytest.mark.parametrize("name", ["Anna", "1anna", "an na", "", "a" * 33, "anna;x"])
def test_a_name_that_would_break_a_file_is_refused(name: str) -> None:
    with pytest.raises(SipTrouble, match="cannot be a volunteer's name"):
        volunteer_name(name)
