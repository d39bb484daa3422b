"""What callers hear, as files: `prompts/<language>/<prompt>.txt` is the text, `<prompt>.wav` a real recording of it,
`<prompt>.placeholder.wav` a generated one. A real recording wins."""

from __future__ import annotations

import hashlib
import json
import wave
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ivr.core.ids import PromptId
from ivr.source.findings import Findings, Place, did_you_mean, shown
from ivr.source.tree import read_text

RATE = 8000
MANIFEST = "placeholders.json"
MOST_SECONDS = 120
_PLACEHOLDER = ".placeholder"
_NOT_A_WAV = (wave.Error, EOFError, OSError, ValueError, ArithmeticError, RuntimeError)
"""What the `wave` module lets out for broken files."""


@dataclass(frozen=True)
class Prompt:
    """One prompt in one language: which files there are (`stem` is their path without an ending)."""

    id: PromptId
    language: str
    stem: Path
    has_text: bool
    has_recording: bool
    has_placeholder: bool

    @property
    def text_file(self) -> Path:
        return self.stem.with_name(f"{self.stem.name}.txt")

    @property
    def placeholder_file(self) -> Path:
        return self.stem.with_name(f"{self.stem.name}{_PLACEHOLDER}.wav")

    @property
    def sound(self) -> Path | None:
        """What is played."""
        if self.has_recording:
            return self.stem.with_name(f"{self.stem.name}.wav")
        return self.placeholder_file if self.has_placeholder else None

    @cached_property
    def seconds(self) -> float:
        """How long it is; 0 when that cannot be said."""
        return _seconds(self.sound) if self.sound is not None else 0.0


Prompts = Mapping[tuple[str, PromptId], Prompt]


def find_prompts(callflows: Path) -> Prompts:
    """Every prompt that has a text or a sound, by language and name."""
    endings: dict[tuple[str, str], set[str]] = {}
    for folder in sorted((callflows / "prompts").glob("[a-z][a-z]")):
        for file in folder.iterdir():
            if file.suffix in (".txt", ".wav") and file.is_file():
                placeholder = file.suffix == ".wav" and file.stem.endswith(_PLACEHOLDER)
                name = file.stem.removesuffix(_PLACEHOLDER) if placeholder else file.stem
                ending = _PLACEHOLDER if placeholder else file.suffix
                endings.setdefault((folder.name, name), set()).add(ending)
    return {
        (language, PromptId(name)): Prompt(
            PromptId(name),
            language,
            callflows / "prompts" / language / name,
            ".txt" in found,
            ".wav" in found,
            _PLACEHOLDER in found,
        )
        for (language, name), found in sorted(endings.items())
    }


def sounds(callflows: Path) -> Mapping[tuple[str, PromptId], Path]:
    """The sound of every prompt that has one: the recording, else the placeholder (8 kHz, 16 bit, mono WAV)."""
    return {key: prompt.sound for key, prompt in find_prompts(callflows).items() if prompt.sound is not None}


def music(callflows: Path) -> tuple[Path, ...]:
    """What is played to those who wait, in the order of the names."""
    return tuple(sorted(file for file in (callflows / "music").glob("*.wav") if file.is_file()))


def spoken_text(prompt: Prompt) -> str:
    """The words of a prompt on one line; empty when it has none that can be read."""
    text = read_text(prompt.text_file, Findings()) if prompt.has_text else None
    return " ".join((text or "").split())


def text_mark(text: str, voice: str) -> str:
    """What a placeholder was made of, short: a placeholder is old when this is another now."""
    return hashlib.sha256(f"{voice}\n{text}".encode()).hexdigest()[:16]


def read_manifest(folder: Path) -> dict[str, str]:
    """Prompt -> the mark of the text its placeholder speaks; empty when the file is missing or broken."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def check_prompts(prompts: Prompts, used: Mapping[tuple[str, PromptId], Place], findings: Findings) -> None:
    """Text and sound of every prompt that a caller may hear, and sounds that look forgotten."""
    for key, place in used.items():
        prompt = prompts.get(key)
        if prompt is not None:
            _check_prompt(prompt, place, findings)
    texts: dict[str, list[str]] = {}
    for (language, name), prompt in prompts.items():
        if prompt.has_text:
            texts.setdefault(language, []).append(name)
    for (language, name), prompt in prompts.items():
        if prompt.has_recording and not prompt.has_text and (language, name) not in used:
            guess = did_you_mean(name, texts.get(language, []))
            instead = f"did you mean `{guess}.wav`?" if guess else "delete it, or write its text next to it"
            findings.warn(Place(prompt.stem.with_name(f"{name}.wav")), "no prompt has this name", instead)


def check_sound(sound: Path, findings: Findings) -> None:
    """That a WAV file can be played by the exchange, and that something is in it."""
    how = f"convert it: sox IN.wav -r {RATE} -c 1 -b 16 {shown(sound.name, 60)}"
    try:
        with wave.open(str(sound), "rb") as file:
            kind = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            frames = file.readframes(MOST_SECONDS * RATE + 1)
    except _NOT_A_WAV:
        findings.error(Place(sound), "is not a WAV file that can be played", how)
        return
    if kind != (RATE, 1, 2):
        rate, channels, width = kind
        findings.error(Place(sound), f"has {rate} Hz, {channels} channel(s), {width * 8} bit", how)
    elif len(frames) > 2 * MOST_SECONDS * RATE:
        findings.error(Place(sound), f"is longer than {MOST_SECONDS} s", "cut it: no caller listens that long")
    elif _is_silent(array("h", frames[: len(frames) // 2 * 2])):
        findings.error(Place(sound), "is silent", "record it again")


def _check_prompt(prompt: Prompt, place: Place, findings: Findings) -> None:
    if not prompt.has_text:
        what = f"the prompt `{prompt.id}` has a sound but no text"
        findings.error(place, what, f"write what it says into prompts/{prompt.language}/{prompt.id}.txt")
    else:
        text = read_text(prompt.text_file, findings)
        if text is not None and not text.strip():
            findings.error(Place(prompt.text_file), "the text is empty", "write what the caller hears")
    if prompt.sound is None:
        what = f"the prompt `{prompt.id}` has a text but no sound"
        findings.error(place, what, f"run `ivr prompts build`, or record prompts/{prompt.language}/{prompt.id}.wav")
        return
    check_sound(prompt.sound, findings)


def check_placeholders(prompts: Prompts, voices: Mapping[str, str], findings: Findings) -> None:
    """Placeholders that are played and say something else than their text. `voices`: how each language is made."""
    folders = {prompt.language: prompt.stem.parent for prompt in prompts.values()}
    manifests = {language: read_manifest(folder) for language, folder in folders.items()}
    for (language, name), prompt in prompts.items():
        if prompt.has_recording or not prompt.has_placeholder or not prompt.has_text:
            continue
        if manifests[language].get(name) != text_mark(spoken_text(prompt), voices.get(language, "")):
            what = f"the placeholder of `{name}` was made from another text"
            findings.warn(Place(prompt.text_file), what, "run `ivr prompts build`, or record it")


def _is_silent(samples: array[int]) -> bool:
    """Looked at half a second at a time: where something is heard, that is soon found."""
    half = RATE // 2
    parts = (samples[start : start + half] for start in range(0, len(samples), half))
    return not any(max(part) >= 200 or min(part) <= -200 for part in parts)


def _seconds(sound: Path) -> float:
    try:
        with wave.open(str(sound), "rb") as file:
            return file.getnframes() / max(1, file.getframerate())
    except _NOT_A_WAV:
        return 0.0
