"""What the ear recognises, and what it must not be talked into."""

from __future__ import annotations

import shutil
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sip.heard import Ear, hear, load_sounds, silences
from sip.phone import g711
from sip.phone.interface import Packet, Samples
from sip.phone.recording import Recording, packet_gaps, sound_gaps
from sip.phone.sdp import PCMA, PCMU
from sip.phone.sound import BadSound, read_wav, speech_like, write_wav

HOME = Path(__file__).resolve().parents[2] / "callflows"
PROMPTS = load_sounds([HOME / "prompts" / "da"])
MUSIC = load_sounds([HOME / "music"])
LONG = ["velkommen", "koe", "stadig", "stadig-igen", "skriv", "foraeldre-velkommen", "travlt"]
SOME = [*LONG, "stadig-skriv", "stadig-tid", "lukket", "foraeldre-lukket", "foraeldre-koe", "om-morgenen", "den-21"]
EAR = Ear({name: PROMPTS[name] for name in SOME}, MUSIC)


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * 8000), np.int16)


def line(*parts: Samples, loss: float = 0.0, noise_db: float | None = None, law: int = PCMA) -> Samples:
    """As it comes out of a telephone: coded, with lost packets and noise."""
    random = np.random.default_rng(7)
    sound = np.concatenate(parts).astype(np.float64)
    if noise_db is not None:
        loud = np.sqrt(np.mean(sound[np.abs(sound) > 100] ** 2))
        sound += random.standard_normal(len(sound)) * loud / 10 ** (noise_db / 20)
    coded = g711.decode(g711.encode(np.clip(sound, -32768, 32767).astype(np.int16), law), law).copy()
    for start in range(0, len(coded), 160):
        if random.random() < loss:
            coded[start : start + 160] = 0
    return coded


def told(samples: Samples, ear: Ear = EAR) -> list[str]:
    return [one.prompt if one.whole else f"part of {one.prompt}" for one in ear.hear(samples)]


@pytest.mark.parametrize("name", LONG)
def test_a_prompt_is_found_where_it_is_with_certainty(name: str) -> None:
    for recording in (
        line(quiet(1.0371), PROMPTS[name], quiet(0.5)),
        line(quiet(1.0371), PROMPTS[name], quiet(0.5), law=PCMU),
        line(quiet(1.0371), PROMPTS[name] // 4, quiet(0.5)),
        line(quiet(1.0371), PROMPTS[name], quiet(0.5), loss=0.2),
    ):
        (found,) = EAR.hear(recording)
        assert (found.prompt, found.whole) == (name, True)
        assert found.coverage >= 0.9
        assert found.start_s == pytest.approx(1.0371, abs=0.04)
        assert found.end_s == pytest.approx(1.0371 + len(PROMPTS[name]) / 8000, abs=0.04)


@pytest.mark.parametrize("name", LONG)
def test_noise_does_not_hide_a_prompt(name: str) -> None:
    assert told(line(quiet(0.4), PROMPTS[name], quiet(0.5), noise_db=10)) == [name]


@pytest.mark.parametrize("name", LONG)
def test_a_prompt_that_was_not_played_is_not_heard(name: str) -> None:
    others = Ear({other: sound for other, sound in PROMPTS.items() if other in SOME and other != name})
    assert not [one for one in others.hear(line(quiet(0.4), PROMPTS[name])) if one.whole and one.length_s > 1]


def test_the_same_first_words_are_not_enough() -> None:
    first, other = PROMPTS["velkommen"], PROMPTS["travlt"]
    shared = int(len(first) * 0.6)
    wrong = np.concatenate([first[:shared], other])
    (found,) = hear(line(first), {"wrong": wrong})
    assert not found.whole
    assert found.coverage < 0.6
    assert told(line(first), Ear({"wrong": wrong, "right": first})) == ["right"]
    assert told(line(wrong), Ear({"wrong": wrong, "right": first})) == ["wrong"]


def test_a_word_changed_in_the_middle_is_not_the_same_prompt() -> None:
    right = PROMPTS["foraeldre-velkommen"]
    changed = right.copy()
    third = len(right) // 3
    changed[third : 2 * third] = PROMPTS["koe"][:third]
    found = hear(line(changed), {"right": right})
    assert not any(one.whole for one in found)


def test_prompts_in_sequence_repeated_and_cut_off_are_told_in_order() -> None:
    cut = PROMPTS["stadig"][: int(2.1 * 8000)]
    recording = line(quiet(0.3), PROMPTS["velkommen"], PROMPTS["koe"], PROMPTS["koe"], cut, quiet(1))
    found = EAR.hear(recording)
    assert [one.prompt for one in found] == ["velkommen", "koe", "koe", "stadig"]
    assert [one.whole for one in found] == [True, True, True, False]
    for before, after in pairwise(found):
        assert after.start_s == pytest.approx(before.end_s, abs=0.25)
    assert found[-1].from_s == pytest.approx(0, abs=0.21)
    assert found[-1].to_s == pytest.approx(2.1, abs=0.25)
    assert found[-1].length_s == pytest.approx(len(PROMPTS["stadig"]) / 8000)


def test_short_words_in_a_row_are_told_apart() -> None:
    names = ["klokken-halv-10", "minut-55", "natten-til-onsdag", "om-morgenen", "den-21"]
    assert told(line(quiet(0.2), *(PROMPTS[name] for name in names)), Ear(PROMPTS)) == names


@pytest.mark.parametrize("pause", [0.06, 0.3, 1.2])
def test_a_prompt_torn_apart_by_a_stall_is_one_prompt_and_the_stall_is_told(pause: float) -> None:
    sound = PROMPTS["velkommen"]
    half = len(sound) // 2
    (found,) = EAR.hear(line(quiet(0.5), sound[:half], quiet(pause), sound[half:]))
    assert found.whole
    assert found.stalled_s == pytest.approx(pause, abs=0.1)


def test_a_word_put_into_a_prompt_is_no_stall() -> None:
    sound = PROMPTS["velkommen"]
    half = len(sound) // 2
    found = hear(line(sound[:half], PROMPTS["om-morgenen"], sound[half:]), {"velkommen": sound})
    assert found
    assert not any(one.whole for one in found)


def test_speech_music_and_silence_hold_no_prompts() -> None:
    assert EAR.hear(line(speech_like(8, seed=3))) == []
    assert EAR.hear(line(MUSIC["venter"][: 8 * 8000])) == []
    assert EAR.hear(quiet(5)) == []
    assert EAR.hear(quiet(0)) == []
    assert EAR.hear(quiet(0.1)) == []


def test_a_recording_is_taken_apart_into_prompts_music_silence_and_talk() -> None:
    tune = MUSIC["venter"]
    recording = line(
        PROMPTS["koe"],
        np.concatenate([tune[-5 * 8000 :], tune[: 4 * 8000]]) // 2,  # over the end and from the beginning again
        PROMPTS["stadig"],
        tune[20 * 8000 : 24 * 8000],
        quiet(1.5),
        speech_like(4, seed=5),
    )
    spans = EAR.listen(recording)
    assert [(one.what, one.name) for one in spans] == [
        ("prompt", "koe"),
        ("music", "venter"),
        ("prompt", "stadig"),
        ("music", "venter"),
        ("silence", ""),
        ("sound", ""),
    ]
    music = spans[1]
    assert music.end_s - music.start_s == pytest.approx(9, abs=0.6)
    assert spans[4].end_s - spans[4].start_s == pytest.approx(1.5, abs=0.6)


def test_silence_is_measured() -> None:
    found = silences(line(speech_like(1, seed=2, level=0.3), quiet(0.8), speech_like(1, seed=2, level=0.3)), 0.5)
    assert [one.start_s for one in found] == [pytest.approx(1, abs=0.1)]
    assert [one.end_s for one in found] == [pytest.approx(1.8, abs=0.1)]


def test_a_minute_against_sixty_prompts_takes_a_few_seconds() -> None:
    some = dict(sorted(PROMPTS.items(), key=lambda one: -len(one[1]))[:60])
    recording = line(*(some[name] for name in list(some)[:12]), MUSIC["venter"])[: 60 * 8000]
    ear = Ear(some)
    began = time.process_time()
    assert len(ear.hear(recording)) >= 10
    assert time.process_time() - began < 10  # 2 s on an idle machine


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_sentences_of_one_voice_that_differ_in_one_word_are_told_apart(tmp_path: Path) -> None:
    texts = {f"nummer-{n}": f"Du er nummer {n} i køen." for n in (2, 3, 9)}
    for name, text in texts.items():
        path = tmp_path / f"{name}.wav"
        subprocess.run(["espeak-ng", "-v", "da", "-s", "150", "-w", path, text], check=True)
    sounds = load_sounds([tmp_path])
    ear = Ear(sounds)
    for name in texts:
        assert told(line(quiet(0.5), sounds[name], quiet(0.5), loss=0.1), ear) == [name]


# ---------------------------------------------------------------- what is measured on packets


def packets(count: int, *, late: dict[int, float] | None = None, law: int = PCMA) -> list[Packet]:
    sound = g711.encode(speech_like(count * 0.02, seed=4), law)
    shift, made = 0.0, []
    for number in range(count):
        shift += (late or {}).get(number, 0.0)
        payload = sound[number * 160 : number * 160 + 160]
        made.append(Packet(100 + number * 0.02 + shift, number, number * 160, law, False, 1, payload))
    return made


def put_down(made: list[Packet]) -> Recording:
    recording = Recording()
    for packet in made:
        recording.add(packet)
    return recording


def test_jitter_reordering_and_repeats_do_not_change_what_was_said() -> None:
    straight = packets(50)
    random = np.random.default_rng(1)
    wild = [one._replace(arrived=one.arrived + random.uniform(0, 0.06)) for one in straight for _ in range(2)]
    wild[1:] = sorted(wild[1:], key=lambda one: one.arrived)
    assert np.array_equal(put_down(wild).samples(), put_down(straight).samples())
    assert len(put_down(wild).packets) == 50


def test_lost_packets_are_silence_of_their_length() -> None:
    made = packets(50)
    heard = put_down(made[:20] + made[30:]).samples()
    assert len(heard) == 50 * 160
    assert not heard[20 * 160 : 30 * 160].any()


def test_another_source_is_placed_by_its_arrival() -> None:
    first = packets(10)
    second = [
        one._replace(source=2, timestamp=(one.timestamp + 0xFFFFFF00) & 0xFFFFFFFF, arrived=one.arrived + 1.0)
        for one in packets(10)
    ]
    heard = put_down(first + second).samples()
    assert len(heard) == pytest.approx(1.2 * 8000, abs=2)
    assert np.array_equal(heard[8000 : 8000 + 1600], heard[:1600])


def test_dead_air_is_seen_in_packets_and_in_sound() -> None:
    made = packets(100, late={50: 0.5})
    (gap,) = packet_gaps(made)
    assert gap.start_s == pytest.approx(0.98)
    assert gap.length_s == pytest.approx(0.52)
    silent = [
        one._replace(payload=g711.SILENCE[PCMA] * 160) if 20 <= number < 60 else one for number, one in enumerate(made)
    ]
    assert len(packet_gaps(silent)) == 1
    longest = max(sound_gaps(silent), key=lambda one: one.length_s)
    assert longest.length_s == pytest.approx(40 * 0.02 + 0.5, abs=0.3)


def test_no_packet_at_all_is_not_called_free_of_gaps() -> None:
    with pytest.raises(ValueError, match="no packet"):
        packet_gaps([])
    with pytest.raises(ValueError, match="no packet"):
        sound_gaps([])


# ---------------------------------------------------------------- files


def test_a_wav_of_another_rate_is_brought_to_eight_kilohertz(tmp_path: Path) -> None:
    import wave

    sound = PROMPTS["koe"]
    wide = np.repeat(sound, 2)
    path = tmp_path / "wide.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 16000, 0, "NONE", ""))
        file.writeframes(np.repeat(wide, 2).astype("<i2").tobytes())
    assert told(read_wav(path)) == ["koe"]


def test_a_file_that_is_no_sound_is_told_in_one_sentence(tmp_path: Path) -> None:
    for content in (b"", b"RIFF", b"not a sound at all" * 10):
        path = tmp_path / "broken.wav"
        path.write_bytes(content)
        with pytest.raises(BadSound, match="no WAV file"):
            read_wav(path)
    with pytest.raises(BadSound, match="No such file"):
        read_wav(tmp_path / "missing.wav")


def test_what_is_written_is_read_again_and_a_real_recording_wins(tmp_path: Path) -> None:
    write_wav(tmp_path / "koe.placeholder.wav", quiet(1))
    write_wav(tmp_path / "koe.wav", PROMPTS["koe"])
    assert np.array_equal(load_sounds([tmp_path])["koe"], PROMPTS["koe"])
