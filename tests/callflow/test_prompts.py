"""Texts, sounds and what is made of them."""

from __future__ import annotations

import shutil
import wave
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ivr.callflow import check_paths, sounds
from ivr.callflow.composer import MUSIC_LUFS, SECONDS, SEED, compose
from ivr.callflow.prompts import RATE, find_prompts
from ivr.callflow.speech import (
    PEAK_DB,
    SPEECH_LUFS,
    SpeechError,
    build_placeholders,
    levelled,
    loudness,
    placeholder,
    to_rate,
    trimmed,
    write_wav,
)
from ivr.core.spoken import fragments
from tests.callflow.conftest import SHIPPED

if TYPE_CHECKING:
    from ivr.callflow.speech import Sound

TODAY = date(2026, 6, 1)


def samples(path: Path) -> Sound:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float64) / 32767


def sine(hertz: float, seconds: float, rate: int = RATE, amplitude: float = 1.0) -> Sound:
    return np.asarray(amplitude * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate), dtype=np.float64)


@pytest.fixture
def own(folder: Path) -> Path:
    """The folder with prompts of its own, that may be written."""
    (folder / "prompts").unlink()
    shutil.copytree(SHIPPED / "prompts", folder / "prompts")
    return folder


# ---------------------------------------------------------------- the shipped sounds


def test_sentences_are_short_and_all_prompts_are_as_loud_as_each_other() -> None:
    parts = set(fragments())
    for prompt in find_prompts(SHIPPED).values():
        assert prompt.sound is not None, prompt.id
        sound = samples(prompt.sound)
        assert 0.15 < prompt.seconds < (2.0 if prompt.id in parts and prompt.id != "aabner-ukendt" else 8.0), prompt.id
        peak = 20 * np.log10(np.max(np.abs(sound)))
        assert peak < PEAK_DB + 0.1, prompt.id
        assert SPEECH_LUFS - 4 < loudness(sound) < SPEECH_LUFS + 0.2, prompt.id
        if peak < PEAK_DB - 0.1:
            assert loudness(sound) == pytest.approx(SPEECH_LUFS, abs=0.1), f"{prompt.id} could be louder"


def test_the_shipped_placeholders_speak_the_texts_they_lie_next_to() -> None:
    """What `ivr check` says about old ones would be a warning; shipped, it is a mistake."""
    assert check_paths([SHIPPED], TODAY) == []


def test_the_music_is_a_calm_minute_a_bit_below_speech() -> None:
    music = samples(SHIPPED / "music" / "venter.wav")
    assert len(music) == SECONDS * RATE
    assert loudness(music) == pytest.approx(MUSIC_LUFS, abs=0.2)
    parts = music[: len(music) // 4000 * 4000].reshape(-1, 4000)
    level = 20 * np.log10(np.sqrt(np.mean(parts**2, axis=1)))
    assert np.min(level) > -50, "never a half second that could be taken for silence"
    assert np.max(np.abs(music)) < 0.5


def test_the_music_never_repeats_itself_so_that_every_moment_has_its_place() -> None:
    music = samples(SHIPPED / "music" / "venter.wav")
    size = 1 << 20
    spectrum = np.fft.rfft(music, size)
    squares = np.concatenate([[0.0], np.cumsum(music**2)])
    for start in range(0, len(music) - 3200, 37_000):
        window = music[start : start + 3200]
        cross = np.fft.irfft(spectrum * np.conj(np.fft.rfft(window, size)), size)[: len(music) - 3200]
        energy = np.sqrt((squares[3200:-1] - squares[:-3201]) * np.sum(window**2))
        likeness = np.abs(cross / np.maximum(energy, 1e-9))
        likeness[max(0, start - 400) : start + 400] = 0
        assert np.max(likeness) < 0.9, f"{start / RATE:.1f} s sounds like {np.argmax(likeness) / RATE:.1f} s"


def test_the_same_seed_gives_the_shipped_minute_and_another_one_another() -> None:
    composed = np.round(compose(SEED) * 32767)
    shipped = np.round(samples(SHIPPED / "music" / "venter.wav") * 32767)
    assert np.max(np.abs(composed - shipped)) <= 2, "machines may round the last bit otherwise"
    assert np.max(np.abs(compose(SEED + 1) * 32767 - shipped)) > 1000


def test_the_minute_flows_into_itself() -> None:
    music = samples(SHIPPED / "music" / "venter.wav")
    steps = np.abs(np.diff(music))
    assert abs(music[0] - music[-1]) <= np.max(steps)


# ---------------------------------------------------------------- the method


def test_loudness_is_that_of_the_standard() -> None:
    """ITU-R BS.1770: a 997 Hz sine at full scale in one channel is -3.01 LUFS."""
    assert loudness(sine(997, 3)) == pytest.approx(-3.01, abs=0.1)
    assert loudness(sine(997, 3, amplitude=0.1)) == pytest.approx(-23.01, abs=0.1)
    assert loudness(sine(100, 3)) < loudness(sine(997, 3)) - 0.5, "low tones count for less"
    assert loudness(sine(2500, 3)) > loudness(sine(997, 3)) + 1.5, "high tones count for more"


def test_pauses_do_not_make_speech_quieter() -> None:
    tone = sine(997, 2, amplitude=0.1)
    with_pause = np.concatenate([tone, np.zeros(4 * RATE), tone])
    assert loudness(with_pause) == pytest.approx(loudness(tone), abs=0.5)


def test_a_peak_keeps_a_sound_from_being_made_too_loud() -> None:
    click = np.concatenate([sine(997, 1, amplitude=0.001), np.array([0.9]), sine(997, 1, amplitude=0.001)])
    assert np.max(np.abs(levelled(click, SPEECH_LUFS))) == pytest.approx(10 ** (PEAK_DB / 20), abs=0.001)
    assert np.max(np.abs(levelled(np.zeros(8000), SPEECH_LUFS))) == 0


def test_a_tone_keeps_its_pitch_and_length_at_the_telephones_rate() -> None:
    short = to_rate(sine(1000, 1.5, rate=22050), 22050)[: int(1.5 * RATE)]
    assert len(short) == int(1.5 * RATE)
    assert np.argmax(np.abs(np.fft.rfft(short))) / 1.5 == pytest.approx(1000, abs=1)
    too_high = to_rate(sine(5000, 1, rate=22050), 22050)[1000:7000]
    assert np.max(np.abs(too_high)) < 0.01, "no telephone carries this"


def test_silence_at_both_ends_is_cut() -> None:
    tone = sine(997, 1, amplitude=0.5)
    cut = trimmed(np.concatenate([np.zeros(8000), tone, np.zeros(12000)]))
    assert len(tone) <= len(cut) < len(tone) + 0.08 * RATE


# ---------------------------------------------------------------- keeping them up to date


def test_a_placeholder_older_than_its_text_is_a_warning(own: Path) -> None:
    (own / "prompts" / "da" / "travlt.txt").write_text("Prøv igen senere.\n", encoding="utf-8")
    (finding,) = check_paths([own], TODAY)
    assert (finding.place.file.name, finding.severity) == ("travlt.txt", "warning")
    assert "another text" in finding.what


def test_a_real_recording_wins_and_makes_the_placeholder_irrelevant(own: Path) -> None:
    (own / "prompts" / "da" / "travlt.txt").write_text("Prøv igen senere.\n", encoding="utf-8")
    recording = own / "prompts" / "da" / "travlt.wav"
    write_wav(recording, sine(440, 1, amplitude=0.2))
    assert check_paths([own], TODAY) == []
    found = {str(name): path.name for (language, name), path in sounds(own).items() if language == "da"}
    assert found["travlt"] == "travlt.wav"
    assert found["lukket"] == "lukket.placeholder.wav"


def test_a_recording_in_another_format_is_an_error_that_names_the_remedy(own: Path) -> None:
    with wave.open(str(own / "prompts" / "da" / "travlt.wav"), "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        file.writeframes(b"\x10\x10" * 44100)
    (finding,) = check_paths([own], TODAY)
    assert finding.what == "has 44100 Hz, 2 channel(s), 16 bit"
    assert "sox IN.wav -r 8000 -c 1 -b 16 travlt.wav" in finding.instead


def test_a_silent_recording_is_an_error(own: Path) -> None:
    write_wav(own / "prompts" / "da" / "travlt.wav", np.zeros(8000))
    (finding,) = check_paths([own], TODAY)
    assert finding.what == "is silent"


def test_a_recording_under_a_mistyped_name_is_noticed(own: Path) -> None:
    write_wav(own / "prompts" / "da" / "travltt.wav", sine(440, 1, amplitude=0.2))
    (finding,) = check_paths([own], TODAY)
    assert (finding.place.file.name, finding.instead) == ("travltt.wav", "did you mean `travlt.wav`?")


def test_a_text_without_sound_and_a_sound_without_text_are_errors(own: Path) -> None:
    (own / "prompts" / "da" / "travlt.placeholder.wav").unlink()
    (own / "prompts" / "da" / "ingen.txt").unlink()
    (own / "prompts" / "da" / "koe.txt").write_text("  \n", encoding="utf-8")
    found = {finding.what for finding in check_paths([own], TODAY) if finding.severity == "error"}
    assert found == {
        "the prompt `travlt` has a text but no sound",
        "the prompt `ingen` has a sound but no text",
        "the text is empty",
    }


def test_missing_fragments_are_one_finding_at_the_step_that_needs_them(own: Path) -> None:
    for name in ("i-dag", "i-nat", "klokken-6", "om-morgenen"):
        for file in (own / "prompts" / "da").glob(f"{name}.*"):
            file.unlink()
    found = [finding for finding in check_paths([own], TODAY) if finding.severity == "error"]
    assert len(found) == 2, "one for each line"
    assert "4 of the words this step is made of are missing (`i-dag`, `i-nat`, `klokken-6`, ...)" in found[0].what


def test_a_folder_without_music_is_an_error(folder: Path) -> None:
    (folder / "music").unlink()
    assert [finding.what for finding in check_paths([folder], TODAY)] == ["there is no music for those who wait"]


def test_building_makes_what_changed_and_nothing_else(own: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.fail("espeak-ng is missing: make test installs it")
    assert build_placeholders(own) == ()
    folder = own / "prompts" / "da"
    before = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.wav")}
    (folder / "travlt.txt").write_text("Prøv igen senere.\n", encoding="utf-8")
    (folder / "ny.txt").write_text("En ny sætning.\n", encoding="utf-8")
    (folder / "skriv.txt").unlink()
    assert set(build_placeholders(own)) == {"travlt", "ny"}
    after = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.wav")}
    assert {name for name in before if before[name] != after.get(name)} == {
        "travlt.placeholder.wav",
        "skriv.placeholder.wav",
    }
    assert "skriv.placeholder.wav" not in after
    assert build_placeholders(own) == ()
    assert not list(folder.glob(".*")), "no half-written file is left"


def test_the_same_text_gives_the_same_sound() -> None:
    assert np.array_equal(placeholder("Vi åbner igen", "da"), placeholder("Vi åbner igen", "da"))


def test_building_without_espeak_says_what_to_do(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own / "prompts" / "da" / "ny.txt").write_text("En ny sætning.\n", encoding="utf-8")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SpeechError, match="apt-get install espeak-ng"):
        build_placeholders(own)


def test_a_language_without_a_voice_says_so(own: Path) -> None:
    (own / "prompts" / "kl").mkdir()
    (own / "prompts" / "kl" / "ny.txt").write_text("Aluu.\n", encoding="utf-8")
    with pytest.raises(SpeechError, match="no espeak-ng voice is chosen for the language `kl`"):
        build_placeholders(own)
