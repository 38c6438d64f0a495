"""A browser of this machine that prints a page as PDF without a window, and without asking any address."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "WORKBOOK_BROWSER"
NONE = "none"
COMMANDS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge",
)  # fmt: skip
PLACES = {
    "darwin": [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ],
    "win32": [
        "{PROGRAMFILES}/Google/Chrome/Application/chrome.exe",
        "{LOCALAPPDATA}/Google/Chrome/Application/chrome.exe",
        "{PROGRAMFILES(X86)}/Microsoft/Edge/Application/msedge.exe",
        "{PROGRAMFILES}/Microsoft/Edge/Application/msedge.exe",
    ],
}
QUIET = (
    "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--no-first-run", "--no-default-browser-check",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
LONGEST_PRINT = 120  # seconds


class NoPrintError(Exception):
    """The browser did not print."""


@dataclass(frozen=True)
class Browser:
    """A Chromium, Chrome or Edge of this machine."""

    program: str

    def command(self, profile: Path) -> list[str]:
        """How it is started without a window and with a profile of its own, so that it meets no open browser."""
        # Chromium starts as root only without its sandbox; the pages are ours and hold no script.
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        return [self.program, *QUIET, *["--no-sandbox"] * is_root, f"--user-data-dir={profile}"]

    def print_pdf(self, page: Path, pdf: Path, *, profile: Path, is_draft: bool = False) -> None:
        """Print a page of this disk; a draft, which is sooner there, without outline and tags for reading aloud.

        Raises
        ------
        NoPrintError
            If there is no PDF after that.
        """
        kind = "--disable-pdf-tagging" if is_draft else "--generate-pdf-document-outline"
        command = [*self.command(profile), kind, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.as_uri()]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            process = subprocess.Popen(command, start_new_session=os.name == "posix", **quiet)
        except OSError as error:
            raise NoPrintError(f"{self.program} cannot be started ({error.strerror})") from None
        try:
            code = process.wait(LONGEST_PRINT)
        except subprocess.TimeoutExpired:
            raise NoPrintError(f"{self.program} had not printed after {LONGEST_PRINT} seconds") from None
        finally:
            end(process)
        if not pdf.is_file() or not pdf.stat().st_size:
            raise NoPrintError(f"{self.program} ended with code {code} and without a PDF")


def end(process: subprocess.Popen) -> None:
    """End a browser with all it has started: what lives on would write into its profile."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # it was started as the leader of its own group
    elif process.poll() is None:
        process.kill()
    process.wait()


def is_unwanted() -> bool:
    """True where the environment says that no PDF is to be made."""
    return os.environ.get(VARIABLE, "").strip().lower() == NONE


def find_browser() -> Browser | None:
    """The browser that the environment names, else the first that is installed; None where there is none."""
    if is_unwanted():
        return None
    if named := os.environ.get(VARIABLE, "").strip():
        return Browser(named)
    found = [path for command in COMMANDS if (path := shutil.which(command))]
    for place in PLACES.get(sys.platform, []):
        path = place
        for name in ("PROGRAMFILES(X86)", "PROGRAMFILES", "LOCALAPPDATA"):
            path = path.replace(f"{{{name}}}", os.environ.get(name, "-"))
        found += [path] * Path(path).is_file()
    return Browser(found[0]) if found else None
