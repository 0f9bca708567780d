"""Build what a release uploads, and hold the version against every place that states it.

`make release-check` does what the release workflow does before it uploads: wheel and source
archive in dist/, the list of what the package needs in dist/sbom.json (CycloneDX), and a look at
the version in all places and at the date in CHANGELOG.md. With ``--tag`` the tag is a place, too.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOR_WORK = {"dev", "docs", "infra", "release"}  # extras that no user of the package installs
STATED = (
    ("src/faircompress/__init__.py", r'(?m)^__version__ = "([^"]+)"'),
    ("CITATION.cff", r"(?m)^version: (\S+)"),
    ("infra/compose.yaml", r"image: faircompress-\w+:(\S+)"),
    ("infra/compose.gpu.yaml", r"image: faircompress-[\w-]+:(\S+)"),
    ("infra/chart/Chart.yaml", r'(?m)^(?:version|appVersion): "?([^"\s]+)'),
)
HEADING = re.compile(r"(?m)^## (?:Unreleased|(?P<version>\d\S*) - (?P<date>\d{4}-\d\d-\d\d))$")


def main() -> int:
    """Build, list and check; return 1 if something contradicts."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--tag", help="of the release, such as v1.2.3")
    tag = parser.parse_args().tag
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(ROOT)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    versions = stated(ROOT) | built(dist) | ({"the tag": {tag.removeprefix("v")}} if tag else {})
    sbom = dist / "sbom.json"
    sbom.write_text(json.dumps(bill_of_materials(ROOT), indent=1) + "\n", "utf-8")
    for path in sorted(dist.iterdir()):
        print(f"{path.relative_to(ROOT)}, {path.stat().st_size:,} bytes")
    wrong = [*contradictions(versions), *undated((ROOT / "CHANGELOG.md").read_text("utf-8"))]
    for sentence in wrong:
        print(f"not ready: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


def stated(root: Path) -> dict[str, set[str]]:
    """Return the versions that each file states; of the changelog, that of its newest release."""
    found = {
        file: set(re.findall(pattern, (root / file).read_text("utf-8"))) for file, pattern in STATED
    }
    headings = HEADING.finditer((root / "CHANGELOG.md").read_text("utf-8"))
    dated = [heading["version"] for heading in headings if heading["version"]]
    return found | {"CHANGELOG.md": set(dated[:1])}


def built(dist: Path) -> dict[str, set[str]]:
    """Return the version in the name of each file that was built."""
    return {path.name: set(re.findall(r"-(\d[^-]*?)(?:-py3|\.tar)", path.name))
            for path in sorted(dist.iterdir())}  # fmt: skip


def contradictions(versions: dict[str, set[str]]) -> list[str]:
    """Return a sentence for each place that does not state the package's one version."""
    (ours,) = versions[STATED[0][0]]
    return [
        f"{place} states {', '.join(sorted(there)) or 'no version'}, the package is {ours}"
        for place, there in versions.items()
        if there != {ours}
    ]


def undated(changelog: str) -> list[str]:
    """Return what is wrong with the changelog's headings, for a release."""
    wrong = [
        f'CHANGELOG.md has the heading "{line}", needed: "## 1.2.3 - 2030-12-31" or "## Unreleased"'
        for line in re.findall("(?m)^## .*$", changelog)
        if not HEADING.fullmatch(line)
    ]
    waiting = re.search(r"(?ms)^## Unreleased\n(.*?)(?=^## |\Z)", changelog)
    if waiting and waiting[1].strip():
        lines = len(waiting[1].strip().splitlines())
        wrong.append(f"CHANGELOG.md has {lines} lines under Unreleased; give them version and date")
    return wrong


def bill_of_materials(root: Path) -> dict[str, Any]:
    """Return the locked packages of the core and all extras that users install, as CycloneDX."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = sorted(set(project["optional-dependencies"]) - FOR_WORK)
    chosen = [word for extra in extras for word in ("--extra", extra)]
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        lock = ("--universal", "--python-version", "3.11", "--constraints", "requirements.lock")
        quiet = ("--quiet", "--no-header", "--no-annotate", "--generate-hashes", "--output-file")
        compiled = [program("uv"), "pip", "compile", *lock, *chosen, *quiet, str(pins)]
        subprocess.run([*compiled, "pyproject.toml"], cwd=root, check=True)
        # in an environment of its own: its extra of jsonschema costs who imports Prefect 1.4 s
        apart = ("tool", "run", "--constraints", "requirements.lock", "--from", "cyclonedx-bom")
        listed = [program("uv"), *apart, "cyclonedx-py", "requirements", "--validate"]
        how = ("--pyproject", "pyproject.toml", "--mc-type", "library", "--short-PURLs")
        listed += [*how, "--spec-version", "1.6", str(pins)]
        said = subprocess.check_output(listed, cwd=root)
    bill: dict[str, Any] = json.loads(said)
    (version,) = stated(root)[STATED[0][0]]
    bill["metadata"]["component"]["version"] = version
    for component in bill["components"]:
        del component["description"]  # the line of the lock once more
    return bill


def program(name: str) -> str:
    """Return the path of a program beside this Python."""
    found = shutil.which(name, path=Path(sys.executable).parent) or shutil.which(name)
    return found or sys.exit(f"{name} is not installed; `make release-check` installs it")


if __name__ == "__main__":
    sys.exit(main())
