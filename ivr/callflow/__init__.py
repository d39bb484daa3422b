"""What an admin writes in `callflows/`, checked and turned into a plan: see README.md."""

from ivr.callflow.check import CallflowError, Folder, check_paths, line_ids, load_plan, prompt_text, read_folder
from ivr.callflow.prompts import music, sounds

__all__ = [
    "CallflowError",
    "Folder",
    "check_paths",
    "line_ids",
    "load_plan",
    "music",
    "prompt_text",
    "read_folder",
    "sounds",
]
