"""The command line; see the package."""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv

from bench import faulty_load, guard, machine, measure, profile, report, soak, systems, timing
from bench.cases import CASES


def run(told: argparse.Namespace) -> int:
    """All cases; 1 if an answer was wrong."""
    if told.rivals:
        install_rivals()
    results = measure.everything(CASES, rivals=told.rivals)
    for path in report.write(results):
        print(f"written: {path.relative_to(machine.ROOT)}")
    for fault in results.faults:
        print(f"wrong: {fault}")
    return 1 if results.faults else 0


def install_rivals() -> None:
    """LiteLLM in an environment of its own; nginx comes with the system."""
    if not systems.LITELLM.exists():
        folder = systems.LITELLM.parent.parent
        measure.tell(f"installing LiteLLM into {folder.relative_to(machine.ROOT)} (once)")
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "litellm[proxy]"]
        subprocess.run(pip, check=True)
    if systems.nginx() is None:
        measure.tell("nginx is not here; on Debian: apt install nginx-light")


def main() -> int:
    """Gives the exit code."""
    if sys.platform != "linux":
        sys.stderr.write("The benchmark reads CPU clocks of other processes, as Linux has them.\n")
        return 2
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run", help="every case; writes bench/RESULTS.md")
    command.add_argument("--rivals", action="store_true", help="install LiteLLM and measure it too")
    command.set_defaults(run=run)
    command = commands.add_parser("guard", help="fail when a ratio to the floor is too large")
    command.set_defaults(run=lambda _: guard.run())
    command = commands.add_parser("profile", help="writes bench/PROFILE.md")
    command.set_defaults(run=lambda _: profile.run())
    command = commands.add_parser("soak", help="mixed load; fail when memory grows beyond a bound")
    command.add_argument("--seconds", type=int, default=600)
    command.add_argument("--bound", type=int, default=soak.BOUND, help="megabytes")
    command.set_defaults(run=lambda told: soak.run(told.seconds, told.bound))
    command = commands.add_parser(
        "timing", help="whether the time of a key check tells of the keys"
    )
    command.set_defaults(run=lambda _: timing.run())
    command = commands.add_parser(
        "faulty", help="many streams, of which one in five fails upstream"
    )
    command.add_argument("--seconds", type=int, default=300)
    command.set_defaults(run=lambda told: faulty_load.run(told.seconds))
    told = parser.parse_args()
    return int(told.run(told))


if __name__ == "__main__":
    raise SystemExit(main())
