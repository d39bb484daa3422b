"""Placeholder audio: texts spoken by espeak-ng, so that a line can be tried before anybody has recorded anything.

Method: espeak-ng speaks (22.05 kHz), the sound is brought to 8 kHz and to the telephone's band in the frequency domain,
silence at both ends is cut (below -40 dB of the peak), and the loudness is set to -23 LUFS: the two filters of ITU-R
BS.1770 applied as frequency responses at 8 kHz, blocks of 400 ms with three quarters overlap, gates at -70 LUFS and
10 LU below the mean; what is shorter than a block is one block. A peak above -3 dBFS lowers the whole. Same text, same
espeak-ng: same bytes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.callflow.prompts import MANIFEST, RATE, Prompt, find_prompts, read_manifest, spoken_text, text_mark
from ivr.core.ids import PromptId

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sound = NDArray[np.float64]
    """Samples from -1 to 1 at `RATE`, unless said otherwise."""

SPEAKERS: Mapping[str, tuple[str, ...]] = {
    "da": ("-v", "da", "-s", "165", "-p", "45"),
    "en": ("-v", "en-gb", "-s", "165", "-p", "45"),
}
METHOD = "1"
"""Another number when the same text would sound different, so that every placeholder is made anew."""
VOICES: Mapping[str, str] = {language: f"{METHOD} {' '.join(voice)}" for language, voice in SPEAKERS.items()}
SPEECH_LUFS = -23.0
PEAK_DB = -3.0


class SpeechError(Exception):
    """Placeholders cannot be made: one sentence that says what to do."""


def build_placeholders(callflows: Path, tell: Callable[[Prompt], None] = lambda _: None) -> tuple[PromptId, ...]:
    """Make the placeholder of every prompt whose text is newer than it, and forget those without a text. Returns what
    was made; `tell` hears of each. Raises `SpeechError`."""
    made: list[PromptId] = []
    manifests: dict[Path, dict[str, str]] = {}
    try:
        for prompt in find_prompts(callflows).values():
            folder = prompt.stem.parent
            manifest = manifests.setdefault(folder, read_manifest(folder))
            if not prompt.has_text:
                prompt.placeholder_file.unlink(missing_ok=True)
                manifest.pop(prompt.id, None)
                continue
            text = spoken_text(prompt)
            mark = text_mark(text, VOICES.get(prompt.language, ""))
            if not text or (prompt.has_placeholder and manifest.get(prompt.id) == mark):
                continue
            write_wav(prompt.placeholder_file, placeholder(text, prompt.language))
            manifest[prompt.id] = mark
            made.append(prompt.id)
            tell(prompt)
    finally:
        for folder, manifest in manifests.items():
            kept = {name: manifest[name] for name in sorted(manifest) if (folder / f"{name}.txt").exists()}
            _replace(folder / MANIFEST, (json.dumps(kept, indent=0) + "\n").encode())
    return tuple(made)


def placeholder(text: str, language: str) -> Sound:
    """The text as sound. Raises `SpeechError`."""
    _numpy()
    return levelled(trimmed(to_rate(*_speak(text, language))), SPEECH_LUFS)


def _numpy() -> None:
    try:
        import numpy  # noqa: F401 - a tool's library: the line itself never needs it
    except ImportError:
        raise SpeechError("numpy is missing: run `pip install voiceline[phones]`, or `make setup`.") from None


def _speak(text: str, language: str) -> tuple[Sound, int]:
    import numpy as np

    program = shutil.which("espeak-ng")
    if program is None:
        raise SpeechError("espeak-ng is missing: run `apt-get install espeak-ng`, or record the prompts yourself.")
    if language not in SPEAKERS:
        raise SpeechError(f"no espeak-ng voice is chosen for the language `{language}`: record its prompts yourself.")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "spoken.wav"
        asked = [program, *SPEAKERS[language], "-b", "1", "-w", str(out)]
        done = subprocess.run(asked, input=text.encode(), capture_output=True, timeout=60, check=False)
        if done.returncode != 0 or not out.exists():
            raise SpeechError(f"espeak-ng could not speak a text in the language `{language}`: is its voice installed?")
        with wave.open(str(out), "rb") as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            return samples.astype(np.float64) / 32768, file.getframerate()


def to_rate(sound: Sound, rate: int) -> Sound:
    """At `RATE`, without what a telephone does not carry anyway (below 200 and above 3600 Hz, with soft edges)."""
    import numpy as np

    padded = np.concatenate([sound, np.zeros(rate // 2)])
    size = -len(padded) % rate  # whole seconds: the new length is then a whole number of samples too
    spectrum = np.fft.rfft(np.concatenate([padded, np.zeros(size)]))
    seconds = (len(padded) + size) // rate
    frequency = np.arange(len(spectrum)) / seconds
    spectrum *= np.clip((frequency - 80) / 120, 0, 1) * np.clip((3900 - frequency) / 300, 0, 1)
    short = np.fft.irfft(spectrum[: seconds * RATE // 2 + 1], seconds * RATE) * (RATE / rate)
    return short[: int(len(padded) * RATE / rate)]


def trimmed(sound: Sound, before_s: float = 0.01, after_s: float = 0.04) -> Sound:
    """Without the silence at both ends but for a little, and faded there."""
    import numpy as np

    loud = np.flatnonzero(np.abs(sound) > np.max(np.abs(sound), initial=0) * 10 ** (-40 / 20))
    if len(loud) == 0:
        return sound
    cut = sound[max(0, loud[0] - int(before_s * RATE)) : loud[-1] + int(after_s * RATE)].copy()
    fade = min(len(cut) // 2, int(0.01 * RATE))
    cut[:fade] *= np.linspace(0, 1, fade)
    cut[len(cut) - fade :] *= np.linspace(1, 0, fade)
    return cut


def levelled(sound: Sound, lufs: float, peak_db: float = PEAK_DB) -> Sound:
    """As loud as asked, or as its peak allows."""
    import numpy as np

    peak = np.max(np.abs(sound), initial=0)
    if peak == 0:
        return sound
    gain = min(10 ** ((lufs - loudness(sound)) / 20), 10 ** (peak_db / 20) / peak)
    return np.asarray(sound * gain, dtype=np.float64)


def loudness(sound: Sound) -> float:
    """Integrated loudness in LUFS, by the method above."""
    import numpy as np

    weighted = _k_weighted(sound)
    block, hop = min(len(weighted), int(0.4 * RATE)), int(0.1 * RATE)
    starts = range(0, len(weighted) - block + 1, hop)
    power = np.array([np.mean(weighted[start : start + block] ** 2) for start in starts])
    level = -0.691 + 10 * np.log10(np.maximum(power, 1e-12))
    heard = level > -70
    if not heard.any():
        return -70.0
    gate = -0.691 + 10 * np.log10(np.mean(power[heard])) - 10
    return float(-0.691 + 10 * np.log10(np.mean(power[heard & (level > gate)])))


def _k_weighted(sound: Sound) -> Sound:
    """The high shelf and the high pass of BS.1770, designed for 8 kHz from their analogue values."""
    import numpy as np

    size = 1 << (len(sound) + RATE // 2).bit_length()
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    k, gain, q = np.tan(np.pi * 1681.97 / RATE), 10 ** (3.99984 / 20), 0.70718
    high = gain**0.49967
    shelf = np.polyval([gain - high * k / q + k * k, 2 * (k * k - gain), gain + high * k / q + k * k], z)
    shelf = shelf / np.polyval([1 - k / q + k * k, 2 * (k * k - 1), 1 + k / q + k * k], z)
    k, q = np.tan(np.pi * 38.1355 / RATE), 0.50033
    norm = 1 + k / q + k * k
    low_cut = (1 - z) ** 2 / np.polyval([(1 - k / q + k * k) / norm, 2 * (k * k - 1) / norm, 1], z)
    weighted = np.fft.irfft(np.fft.rfft(sound, size) * shelf * low_cut, size)
    return np.asarray(weighted[: len(sound)], dtype=np.float64)


def write_wav(path: Path, sound: Sound) -> None:
    """As 16 bit mono at `RATE`; a file that is being read is not disturbed."""
    import numpy as np

    samples = np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2")
    new = path.with_name(f".{path.name}.new")
    with wave.open(str(new), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    new.replace(path)


def _replace(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)
