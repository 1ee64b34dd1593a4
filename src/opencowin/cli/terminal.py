"""What commands print: results on standard output, progress and remarks on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

out = Console(highlight=False, soft_wrap=True)
remarks = Console(stderr=True, highlight=False, soft_wrap=True)

EVERY_SECONDS = 5.0
"""How often progress is told where there is no terminal to draw on."""


def say(message: str) -> None:
    """A remark about what is being done."""
    remarks.print(f"  {message}", style="dim", markup=False)


class Bars:
    """Progress of stages, each told as (stage, done, whole): bars on a terminal, else a line now and then."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}
        self.told = time.monotonic()

    def __call__(self, stage: str, done: int, whole: int) -> None:
        """Show how far a stage is."""
        if remarks.is_terminal:
            if stage not in self.tasks:
                self.tasks[stage] = self.progress.add_task(stage, total=whole)
            self.progress.update(self.tasks[stage], completed=done, total=whole)
        elif time.monotonic() - self.told > EVERY_SECONDS:
            self.told = time.monotonic()
            say(f"{stage}: {done:,} of {whole:,}")


@contextmanager
def bars() -> Iterator[Bars]:
    """Bars that stay on the screen when the work is done."""
    columns = (TextColumn("  {task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=remarks, disable=not remarks.is_terminal) as progress:
        yield Bars(progress)
