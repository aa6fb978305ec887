"""Make .venv and install pinned packages into it: `python envs/make_venv.py [--GROUP]`, of GROUPS.

Does nothing, and says nothing, when .venv already holds what the requirement files ask for. An
interrupted install continues where it stopped. Standard library only, and no syntax newer than
Python 3.6, so that an old Python can report in one line which version is needed.
"""

import contextlib
import glob
import hashlib
import os
import re
import shutil
import subprocess  # noqa: TID251 - runs pip
import sys
import time
from functools import partial

WANTED = (3, 11)
SIZE = "2 GB; with torch's CUDA build, on Linux, 10 GB"
OTHER_PYTHON = "name another Python: make PYTHON=/path/to/python3.12 ..."
# Each group includes those before it.
GROUPS = {
    "base": ["requirements.txt"],
    "modisco": ["requirements.txt", "requirements-modisco.txt"],
    "dev": ["requirements.txt", "requirements-modisco.txt", "requirements-dev.txt"],
    "mutation": [
        "requirements.txt",
        "requirements-modisco.txt",
        "requirements-dev.txt",
        "requirements-mutation.txt",
    ],
}
CONSTRAINTS = "constraints.txt"

OFFLINE = re.compile(
    "NewConnectionError|Failed to establish a new connection|NameResolutionError|ConnectTimeout"
    "|ReadTimeout|Connection refused|ProxyError|SSLError|Network is unreachable|Connection reset"
    "|Could not fetch URL|[Cc]onnection broken"
)


say = partial(print, flush=True)  # progress appears at once, also in a pipe


class SetupError(Exception):
    """The set-up cannot go on; the text says in one line what failed and what to do."""


def main(arguments, root):
    """Set up the group of packages that the command line asks for; return the exit status."""
    venv = os.path.join(root, ".venv")
    group = largest(["base"] + [name for name in GROUPS if "--" + name in arguments])
    try:
        check_python(sys.version_info)
        if installed(root, venv, group):
            return 0
        with locked(root):
            # Another make may have done the work while this one waited.
            if not installed(root, venv, group):
                # What is there already is kept, in its new versions.
                set_up(root, venv, largest([group] + held(venv)))
    except SetupError as error:
        print(f"Set-up failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Set-up interrupted: the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def check_python(version):
    """Refuse a Python that is too old for the pinned packages."""
    if tuple(version[:2]) < WANTED:
        raise SetupError(
            f"Python {version[0]}.{version[1]} ({sys.executable}) is too old, wanted is "
            f"{WANTED[0]}.{WANTED[1]} or newer. Install one, or {OTHER_PYTHON}"
        )


def set_up(root, venv, group):
    """Make .venv if there is none that works, install into it, and write the stamp."""
    started = time.time()
    log = os.path.join(venv, "install.log")
    try:
        if not usable(venv):
            say(f"Making .venv with Python {sys.version.split()[0]} ({SIZE})")
            make(venv)
        with contextlib.suppress(FileNotFoundError):
            os.remove(stamp_path(venv))
        install(root, venv, group, log)
        say("Compiling them to bytecode ...")
        compile_all(venv, log)
        write_stamp(root, venv, group)
    except OSError as error:
        raise SetupError(
            f"cannot write {error.filename or venv}: {error.strerror}. "
            "Make the folder writable and free some space there, or move the project."
        ) from error
    say(f".venv is ready ({time.time() - started:.0f} s)")


@contextlib.contextmanager
def locked(root):
    """Let only one set-up at a time work on .venv (two makes, or make -j)."""
    import fcntl

    with open(os.path.join(root, "requirements.txt")) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another set-up of .venv to end ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks
        yield


def pins(path):
    """Return the lines of a requirements file without comments and spaces."""
    with open(path, encoding="utf-8") as lines:
        return [text for text in (line.split("#")[0].strip() for line in lines) if text]


def digest(root, group):
    """Return the digest of all pins of a group; comments do not count."""
    files = GROUPS[group] + [CONSTRAINTS]
    text = "\n".join(pin for name in files for pin in [name] + pins(os.path.join(root, name)))
    return hashlib.sha256(text.encode()).hexdigest()


def stamp_path(venv):
    """Return the path of the stamp."""
    return os.path.join(venv, "installed.txt")


def write_stamp(root, venv, group):
    """Record what was installed: the group and those that it includes."""
    groups = list(GROUPS)[: list(GROUPS).index(group) + 1]
    temporary = stamp_path(venv) + ".part"
    with open(temporary, "w", encoding="utf-8") as handle:
        handle.writelines(f"{name} {digest(root, name)}\n" for name in groups)
    os.replace(temporary, stamp_path(venv))


def installed(root, venv, group):
    """Return whether .venv has a Python and its stamp lists exactly these pins."""
    if not os.path.exists(os.path.join(venv, "bin", "python")):
        return False
    try:
        with open(stamp_path(venv), encoding="utf-8") as handle:
            return f"{group} {digest(root, group)}" in handle.read().splitlines()
    except FileNotFoundError:
        return False


def held(venv):
    """Return the groups that the stamp lists, in whatever versions."""
    try:
        with open(stamp_path(venv), encoding="utf-8") as handle:
            listed = [line.split()[0] for line in handle if line.strip()]
            return [name for name in GROUPS if name in listed]
    except OSError:
        return []


def largest(groups):
    """Return the group that includes the others."""
    return max(groups, key=list(GROUPS).index)


def usable(venv):
    """Return whether .venv has a Python that is new enough and has pip."""
    python = os.path.join(venv, "bin", "python")
    code = f"import pip, sys; sys.exit(sys.version_info < {WANTED})"
    if not os.path.exists(python):
        return False
    return subprocess.call([python, "-c", code], stderr=subprocess.DEVNULL) == 0


def make(venv):
    """Make an empty environment in place of what is at .venv now."""
    # The base Python, in case this one runs in the .venv that is replaced.
    python = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run(
        [python, "-m", "venv", "--clear", venv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=clean_environment(),
    )
    if done.returncode:
        raise SetupError(" ".join(done.stdout.split()))


def clean_environment():
    """Return the environment variables without those that make pip install elsewhere."""
    misleading = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
    kept = {name: value for name, value in os.environ.items() if name not in misleading}
    return dict(kept, PIP_USER="0", PYTHONNOUSERSITE="1", PYTHONUNBUFFERED="1")


def install(root, venv, group, log):
    """Install torch's pinned line on its own, then the rest of the group."""
    drop_unfinished(venv)
    torch = pins(os.path.join(root, "requirements.txt"))[0]
    files = [argument for name in GROUPS[group] for argument in ("-r", os.path.join(root, name))]
    temporary = os.path.join(venv, "tmp")
    os.makedirs(temporary, exist_ok=True)
    try:
        for title, what in ((torch, [torch]), ("the other packages", files)):
            say(f"Installing {title} ...")
            run_pip(venv, what + ["-c", os.path.join(root, CONSTRAINTS)], log)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def compile_all(venv, log):
    """Compile the packages to bytecode on all cores: pip does it on one, in three times as long.

    Not left to the first import: with PYTHONDONTWRITEBYTECODE set, or in a .venv of somebody else,
    every job would compile for seconds. Files that cannot be compiled (templates) are passed over.
    """
    python = os.path.join(venv, "bin", "python")
    command = [python, "-m", "compileall", "-q", "-j", "0", "-x", "site-packages/.*/tests?/"]
    with open(log, "a", encoding="utf-8") as handle:
        code = subprocess.call(
            command + glob.glob(os.path.join(venv, "lib", "python*", "site-packages")),
            stdout=handle,
            stderr=handle,
            env=clean_environment(),
        )
    if code < 0:
        raise SetupError(f"compiling was killed (signal {-code}). Run the same command again.")


def drop_unfinished(venv):
    """Remove records of half-installed packages: pip writes INSTALLER after their files."""
    for info in glob.glob(os.path.join(venv, "lib", "python*", "site-packages", "*.dist-info")):
        if not os.path.exists(os.path.join(info, "INSTALLER")):
            shutil.rmtree(info)


def run_pip(venv, arguments, log):
    """Run pip, with its output in the log and some of it in the terminal; raise if it fails."""
    python = os.path.join(venv, "bin", "python")
    options = "--no-input --progress-bar off --disable-pip-version-check --retries 3".split()
    options.append("--no-compile")  # see compile_all
    start = os.path.getsize(log) if os.path.exists(log) else 0
    with open(log, "a", encoding="utf-8") as handle:
        process = subprocess.Popen(
            [python, "-m", "pip", "install"] + options + arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # pip unpacks gigabytes: beside .venv, since temporary folders are often small.
            env=dict(clean_environment(), TMPDIR=os.path.join(venv, "tmp")),
            encoding="utf-8",
            errors="replace",
        )
        try:
            for line in process.stdout:
                handle.write(line)
                handle.flush()
                shown = progress(line)
                if shown:
                    say(shown)
        finally:
            code = process.wait()
    if code:
        raise SetupError(reason(tail(log, start), log))


def progress(line):
    """Return what to show of a line of pip's output (large downloads, package counts), or None."""
    wheel = r"([^\s/]+?)-(\d[^-\s]*)-\S* \(([\d.]+) (MB|GB)\)"
    download = re.match(r"\s*Downloading (?:\S*/)?" + wheel, line)
    if download and (download.group(4) == "GB" or float(download.group(3)) >= 20):
        return "  downloading {} {} ({} {})".format(*download.groups())
    if line.startswith("Installing collected packages:"):
        return f"  unpacking {line.count(',') + 1} packages"
    return None


def tail(log, start):
    """Return the log's text from a position on."""
    with open(log, encoding="utf-8", errors="replace") as handle:
        handle.seek(start)
        return handle.read()


def reason(text, log):
    """Return one line on why pip failed: its own words, where they tell what is wrong."""
    # Of an error that it did not expect, pip shows the traceback.
    errors = re.findall(r"(?m)^\s*(?:ERROR|Error): (?!Exception:)(.+)$", text)
    errors += re.findall(r"(?m)^(\w*Error: .+)$", text)[-1:]
    missing = re.search(r"No matching distribution found for (\S+)", text)
    if OFFLINE.search(text):
        # pip goes on to say that there is no such package.
        why = (
            "the package index cannot be reached. Check the network (behind a proxy: the variable "
            "HTTPS_PROXY) and run the same command again."
        )
    elif missing:
        why = (
            f"the package index has no {missing.group(1)} for Python {sys.version.split()[0]} "
            f"on this machine. Please {OTHER_PYTHON}"
        )
    else:
        why = (errors[0] if errors else "pip stopped").rstrip(".") + "."
    return f"{why} The log: {log}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
