"""A disk that fills up: writes are refused, reads go on, nothing acknowledged is lost, and with room again all is well.

Needs a file system of its own: root, or a user namespace; else it is skipped (77)."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import KVSIM, Sim

if not os.environ.get("KVSIM_DISK"):
    folder = tempfile.mkdtemp(prefix="kvsim-disk.")
    inside = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c",
              'mount -t tmpfs -o size=4m tmpfs "$1" || exit 77; shift; exec "$@"', "sh", folder, sys.executable, "-W", "ignore", *sys.argv]
    try:
        status = subprocess.run(inside, env={**os.environ, "KVSIM_DISK": folder}, check=False).returncode
    except FileNotFoundError:
        status = 77
    os.rmdir(folder)
    if status == 77 or status == 1 and subprocess.run(inside[:2 if os.geteuid() == 0 else 3] + ["true"], capture_output=True, check=False).returncode != 0:
        print("No file system can be mounted here (neither root nor user namespaces): the full disk was not tested.")
        status = 77
    sys.exit(status)

DISK = pathlib.Path(os.environ["KVSIM_DISK"])


class FullDisk(unittest.TestCase):
    def tearDown(self):
        for p in DISK.iterdir():
            shutil.rmtree(p) if p.is_dir() else p.unlink()

    def fill(self):
        with open(DISK / "ballast", "ab", buffering=0) as f:
            for size in (65536, 4096, 1):
                try:
                    while f.write(b"x" * size):
                        pass
                except OSError:
                    pass

    def test_a_start_without_room_names_the_cause(self):
        self.fill()
        a = subprocess.run([KVSIM, "up", "--port-base", "0", "--detach", "--state", DISK / "state"], capture_output=True, text=True, check=False)
        self.assertEqual(a.returncode, 1, a.stdout)
        self.assertIn("No space left on device", a.stderr)
        (DISK / "ballast").unlink()
        Sim(DISK / "state").stop()  # what was half made is no obstacle

    def test_writes_are_refused_and_nothing_acknowledged_is_lost(self):
        sim = Sim(DISK / "state")
        sim.group()
        sim.make_vault("demo")
        sim.make_account("acct")
        kept = sim.upload("acct", b"kept" * 1000).json["id"]
        self.fill()
        acknowledged = []
        refused = 0
        for i in range(40):
            a = sim.vault("demo", "POST", f"/keys/k{i}/create", {"kty": "EC"})
            self.assertIn(a.status, (200, 500), a.body)
            if a.status == 200:
                acknowledged.append(f"k{i}")
            else:
                refused += 1
                self.assertEqual(a.code, "InternalServerError")
                self.assertNotIn(b"/", a.body.replace(b"application/json", b""))  # no path of ours
        self.assertGreater(refused, 0)
        self.assertEqual(sim.upload("acct", b"x" * 500_000).status, 500)
        self.assertEqual(sim.arm("PATCH", sim.vault_id("demo"), {"tags": {"a": "b"}}).status, 500)
        for name in acknowledged:
            self.assertEqual(sim.vault("demo", "GET", "/keys/" + name).status, 200)
        self.assertEqual(sim.files("acct", "GET", f"/{kept}/content").body, b"kept" * 1000)
        self.assertIn("No space left on device", (sim.state / "log" / "vaultd.log").read_text() + (sim.state / "log" / "providerd.log").read_text())
        (DISK / "ballast").unlink()
        self.assertEqual(sim.vault("demo", "POST", "/keys/room/create", {"kty": "EC"}).status, 200)
        self.assertEqual(sim.upload("acct", b"x" * 100_000).status, 201)
        self.assertEqual(len(list((sim.state / "provider" / "blobs").iterdir())), 2)
        sim.stop()
        sim.start()
        for name in [*acknowledged, "room"]:
            self.assertEqual(sim.vault("demo", "GET", "/keys/" + name).status, 200)
        sim.stop()


if __name__ == "__main__":
    unittest.main()
