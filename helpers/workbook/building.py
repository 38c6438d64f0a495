"""A report is built aside and put in its place only when all of it is there."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import WorkbookError

OWN_NAMES = {
    "index.html", "report.pdf", "manifest.json", "audit", "tables", "figures", "notebooks", "private",
    ".complete", ".parts", ".DS_Store",
}  # fmt: skip


@dataclass(frozen=True)
class Building:
    """The folders of one run: where the report goes, where it is built, and where a failed run is kept."""

    out: Path
    own_names: frozenset[str] = frozenset(OWN_NAMES)
    what: str = "report"

    @property
    def aside(self) -> Path:
        """Where this run is built: beside its place, so that moving it in is one rename."""
        return self.out.parent / f".{self.out.name}.building-{os.getpid()}"

    @property
    def failed(self) -> Path:
        """Where the notebooks of a failed run are kept."""
        return self.out.parent / f"{self.out.name}.failed"

    @property
    def _former(self) -> Path:
        return self.out.parent / f".{self.out.name}.former"

    def check(self) -> None:
        """Refuse a place that holds anything but a report.

        Raises
        ------
        WorkbookError
            If it is a file or a folder with other things in it.
        """
        if self.out.is_symlink() or self.out.exists() and not self.out.is_dir():
            raise WorkbookError(f"{self.out.name} is not a folder. Give another place with --out DIR.")
        strange = sorted({entry.name for entry in self.out.iterdir()} - self.own_names) if self.out.is_dir() else []
        if strange:
            raise WorkbookError(
                f"{self.out.name} holds things that are no {self.what} ({', '.join(strange[:3])}). "
                f"A {self.what} would replace them: give a new folder with --out DIR."
            )

    def start(self) -> Path:
        """An empty folder to build in, once what a killed run left behind is cleared or put back."""
        if self._former.is_dir():
            if self.out.exists():
                shutil.rmtree(self._former)
            else:
                self._former.rename(self.out)
        for left in self.out.parent.glob(f".{self.out.name}.building-*"):
            shutil.rmtree(left)
        self.aside.mkdir(parents=True)
        return self.aside

    def put_in_place(self) -> None:
        """Move the finished report in; only then the former one goes, and what an earlier failed run left."""
        exchange(self.aside, self.out, former=self._former)
        shutil.rmtree(self.failed, ignore_errors=True)

    def keep_failed(self) -> Path:
        """Keep the notebooks of this run, for their owner only, in place of those of an earlier failed one."""
        shutil.rmtree(self.failed, ignore_errors=True)
        notebooks = self.aside / "notebooks"
        notebooks.mkdir(exist_ok=True)
        self.failed.mkdir(mode=0o700)
        notebooks.rename(self.failed / "notebooks")
        self.discard()
        return self.failed

    def discard(self) -> None:
        """Remove what was built so far."""
        shutil.rmtree(self.aside, ignore_errors=True)


def exchange(new: Path, out: Path, *, former: Path) -> None:
    """Put a finished folder in its place; what stood there goes only then, and comes back if that cannot be done."""
    if out.exists():
        out.rename(former)
    try:
        new.rename(out)
    except OSError:
        if former.exists():
            former.rename(out)
        raise
    shutil.rmtree(former, ignore_errors=True)
