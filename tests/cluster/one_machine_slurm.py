"""A real one-machine Slurm for tests: installed from Debian packages, started, and stopped.

All its files (configuration, keys, sockets, state, logs) are in one folder, it uses free ports on
the loopback interface, and it is stopped by the ids of the processes that were started here:
another Slurm on the machine is neither used nor touched.

    python tests/cluster/one_machine_slurm.py [--accounting] [FILE]    starts one until it is killed

With FILE, where it is (or why there is none) is written there as JSON.
"""

import fcntl
import getpass
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = {"slurmctld": "slurm-wlm", "munged": "munge"}
ACCOUNTING_PACKAGES = {"slurmdbd": "slurmdbd", "mariadbd": "mariadb-server"}
# Debian's packages would start services of their own.
NO_SERVICES = "/usr/sbin/policy-rc.d"
# Wait for another apt-get to end.
WAIT = ("-o", "DPkg::Lock::Timeout=300")
PATIENCE = 60


class Unavailable(Exception):
    """Slurm cannot be installed here; the text says why."""


class Slurm:
    """A running Slurm; in `environment` Slurm's commands find it."""

    def __init__(self, folder: Path, accounting: bool) -> None:
        self.folder, self.accounting = folder, accounting
        self.processes: dict[str, subprocess.Popen] = {}
        self.environment = os.environ | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"], "/usr/sbin"]),
        }
        # Variables set by a job of another Slurm or by the user.
        kinds = ("SLURM_", "SBATCH_", "SQUEUE_", "SACCT_", "SCANCEL_", "SRUN_")
        for name in [n for n in self.environment if n.startswith(kinds) and n != "SLURM_CONF"]:
            del self.environment[name]
        # Where slurmdbd finds the database, which listens on no network address.
        self.environment["MYSQL_UNIX_PORT"] = str(folder / "database/socket")

    def run(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's commands and return what it prints."""
        done = subprocess.run(
            command, capture_output=True, text=True, env=self.environment, timeout=PATIENCE
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def queue(self, folder: Path) -> dict[str, tuple[str, str]]:
        """The jobs of runs below a folder that wait or run: id -> (state, comment)."""
        asked = "--Format=JobArrayID:|,State:|,Comment:|,STDOUT:"
        lines = self.run("squeue", "--noheader", asked).splitlines()
        rows = [line.split("|", 3) for line in lines]
        return {job: (state, said) for job, state, said, log in rows if str(folder) in log}

    def start_daemon(self, name: str, *options: str) -> None:
        """Start a daemon in the foreground, so that its process id is known."""
        with open(self.folder / f"{name}.out", "wb") as log:
            self.processes[name] = subprocess.Popen(
                [shutil.which(name, path=self.environment["PATH"]), *options],
                env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    def wait_for(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait until `ready`; if a daemon has died, raise an error with its log."""
        end = time.monotonic() + PATIENCE
        while not ready():
            for name, process in self.processes.items():
                if process.poll() is not None:
                    said = [self.folder / f"{name}.{ending}" for ending in ("out", "log")]
                    text = "\n".join(p.read_text(errors="replace") for p in said if p.exists())
                    raise RuntimeError(f"{name} ended with {process.returncode}:\n{text[-3000:]}")
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: not after {PATIENCE} s; see {self.folder}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End the jobs, then the daemons in reverse order of their start."""
        if "slurmd" in self.processes:
            self.run("scancel", "--user", getpass.getuser(), check=False)
            end = time.monotonic() + 15
            while self.run("squeue", "--noheader", check=False) and time.monotonic() < end:
                time.sleep(0.3)
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def install(accounting: bool) -> None:
    """Install missing packages with apt, one process at a time.

    Raises
    ------
    Unavailable
        Packages are missing, and there is no apt, or the user is not root.
    RuntimeError
        The installation failed.
    """
    with open(Path(tempfile.gettempdir()) / "one_machine_slurm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(accounting)


def _install(accounting: bool) -> None:
    wanted = PACKAGES | (ACCOUNTING_PACKAGES if accounting else {})
    path = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
    missing = [
        package for program, package in wanted.items() if not shutil.which(program, path=path)
    ]
    if not missing:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise Unavailable(f"{', '.join(missing)} not installed, and no root with apt to do it")
    quiet = not os.path.exists(NO_SERVICES)
    if quiet:
        Path(NO_SERVICES).write_text("#!/bin/sh\nexit 101\n")
        os.chmod(NO_SERVICES, 0o755)
    try:
        for command in (
            ["apt-get", "update"],
            ["apt-get", "install", "--yes", "--no-install-recommends", *missing, *WAIT],
        ):
            environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            if done.returncode and command[1] == "install":
                raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")
    finally:
        if quiet:
            os.unlink(NO_SERVICES)


def free_ports(n: int) -> list[int]:
    """Unused ports of the loopback interface."""
    sockets = [socket.socket() for _ in range(n)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def configure(slurm: Slurm) -> dict[str, object]:
    """Write slurm.conf, gres.conf and (with accounting) slurmdbd.conf; return their values."""
    names = ("controller_port", "node_port", "accounting_port")
    filled = dict(zip(names, free_ports(3))) | {
        "folder": slurm.folder,
        "host": socket.gethostname().split(".")[0],
        "user": getpass.getuser(),
        "accounting": "AccountingStorageType=accounting_storage/none",
    }
    if slurm.accounting:
        filled["accounting"] = (
            "AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageHost=127.0.0.1\n"
            f"AccountingStoragePort={filled['accounting_port']}\n"
            f"AccountingStoragePass={slurm.folder}/munge/socket"
        )
    for name in ("slurm.conf", "slurmdbd.conf") if slurm.accounting else ("slurm.conf",):
        path = slurm.folder / name
        path.write_text((HERE / name).read_text().format(**filled))
        path.chmod(0o600)
    # A fake GPU: jobs that ask for it get CUDA_VISIBLE_DEVICES.
    (slurm.folder / "gres.conf").write_text(f"NodeName={filled['host']} Name=gpu File=/dev/zero\n")
    for name in ("state", "spool", "munge", "bin"):
        (slurm.folder / name).mkdir(mode=0o755)
    # Snakemake's job steps lose SLURM_CONF, since they clear the variables of an allocation.
    srun = slurm.folder / "bin/srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={slurm.folder}/slurm.conf exec /usr/bin/srun "$@"\n')
    srun.chmod(0o755)
    key = slurm.folder / "munge/key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    return filled


def start_accounting(slurm: Slurm) -> None:
    """Start a database in the folder and slurmdbd, and give the database user its rights."""
    # Only this user may enter the folder, and the socket in it is the only access.
    data = slurm.folder / "database"
    data.mkdir(mode=0o700)
    installed = subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
         "--auth-root-authentication-method=normal", f"--user={getpass.getuser()}"],
        capture_output=True, text=True,
    )  # fmt: skip
    if installed.returncode:
        raise RuntimeError(f"mariadb-install-db: {installed.stdout}{installed.stderr}")
    run = data / "socket"
    slurm.start_daemon(
        "mariadbd", "--no-defaults", f"--datadir={data}", "--skip-networking", f"--socket={run}",
        f"--user={getpass.getuser()}", f"--secure-file-priv={data}",
        "--innodb-log-file-size=16M", "--innodb-lock-wait-timeout=900",
    )  # fmt: skip
    client = ["mariadb", "--no-defaults", f"--socket={run}", "--user=root"]
    slurm.wait_for(
        "mariadbd",
        lambda: subprocess.run([*client, "-e", "select 1"], capture_output=True).returncode == 0,
    )
    grant = "grant all on slurm_accounting.* to slurm@localhost identified by 'slurm'"
    subprocess.run([*client, "-e", grant], check=True)
    slurm.start_daemon("slurmdbd", "-D")


def start(slurm: Slurm) -> None:
    """Start the daemons one by one, each after the previous one answers."""
    filled = configure(slurm)
    munge = slurm.folder / "munge"
    slurm.start_daemon(
        "munged", "--foreground", "--force", f"--socket={munge}/socket", f"--key-file={munge}/key",
        f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed",
        "--num-threads=2",
    )  # fmt: skip
    slurm.wait_for("munged", (munge / "socket").exists)
    if slurm.accounting:
        start_accounting(slurm)
        add = ["sacctmgr", "--immediate"]
        slurm.wait_for(
            "slurmdbd", lambda: "test" in slurm.run(*add, "add", "cluster", "test", check=False)
            or "test" in slurm.run("sacctmgr", "--noheader", "list", "cluster", check=False),
        )  # fmt: skip
        slurm.run(*add, "add", "account", "lab", "cluster=test", check=False)
        slurm.run(*add, "add", "user", getpass.getuser(), "account=lab", check=False)
    slurm.start_daemon("slurmctld", "-D")
    slurm.wait_for("slurmctld", lambda: "UP" in slurm.run("scontrol", "ping", check=False))
    slurm.start_daemon("slurmd", "-D", "-N", str(filled["host"]))
    slurm.wait_for("slurmd", lambda: "idle" in slurm.run("sinfo", "--noheader", check=False))


@contextmanager
def running(accounting: bool = False) -> Iterator[Slurm]:
    """Install, start, and at the end stop a Slurm; see `install` for what is raised."""
    install(accounting)
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    slurm = Slurm(folder, accounting)
    try:
        start(slurm)
        yield slurm
    finally:
        slurm.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> None:
    """Start a Slurm, tell where it is, and stop it when this process is to end."""
    accounting = "--accounting" in arguments
    tell = [Path(path) for path in arguments if path != "--accounting"]
    # SIGTERM has to end the daemons too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with running(accounting) as machine:
            ids = {name: process.pid for name, process in machine.processes.items()}
            _tell(tell, {"folder": str(machine.folder), "daemons": ids})
            print(f"export SLURM_CONF={machine.folder}/slurm.conf", flush=True)
            print("Slurm is up; it ends with this process (Ctrl-C).", file=sys.stderr, flush=True)
            signal.pause()
    except Unavailable as reason:
        _tell(tell, {"unavailable": str(reason)})
        sys.exit(f"no Slurm: {reason}")
    except KeyboardInterrupt:
        pass


def _tell(paths: list[Path], about: dict[str, object]) -> None:
    for path in paths:
        path.with_suffix(".part").write_text(json.dumps(about))
        path.with_suffix(".part").rename(path)


if __name__ == "__main__":
    main(sys.argv[1:])
