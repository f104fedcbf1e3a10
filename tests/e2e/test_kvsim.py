"""kvsim in clumsy hands: every slip is answered with its cause and its cure, and costs nothing."""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest

from harness import KVSIM, Sim, SimTest

COMMANDS = subprocess.run([KVSIM, "--help"], capture_output=True, text=True, check=True).stdout
RELAXED = ["--durability", "relaxed"]


def run(*args, **kw):
    return subprocess.run([KVSIM, *map(str, args)], capture_output=True, text=True, timeout=60, **kw)


def ended(pid, seconds=30):
    """True when the process has ended within that time: no child of ours, so by its descriptor."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(fd)


class Folder(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="kvsim-cli."))
        self.state = self.dir / "state"
        self.addCleanup(shutil.rmtree, self.dir, True)

    def refused(self, a, *texts, code=1):
        self.assertEqual(a.returncode, code, a.stdout + a.stderr)
        for t in texts:
            self.assertIn(t, a.stderr)
        self.assertEqual(a.stdout, "")
        self.assertNotIn("%s", a.stderr)

    def up(self, *args):
        """Refused before it starts: then nothing has to be stopped."""
        return run("up", "--port-base", "0", "--detach", *RELAXED, "--state", self.state, *args)


class CommandLine(Folder):
    def test_every_command_has_a_help_that_names_its_options(self):
        names = re.findall(r"^  ([a-z]+) +\S", COMMANDS, re.M)
        self.assertLessEqual({"up", "down", "status", "env", "trust", "clock", "tenant", "subscription", "principal", "identity", "audit"}, set(names))
        for name in names:
            a = run(name, "--help")
            self.assertEqual(a.returncode, 0, name)
            self.assertTrue(a.stdout.startswith(f"Usage: kvsim {name}"), a.stdout)
            self.assertIn("--help", a.stdout)
            self.assertEqual(run(name, "-h").stdout, a.stdout)
            self.assertTrue(a.stdout.endswith("\n"), name)
            self.assertEqual(run(name, "--version").returncode, 0)

    def test_a_wrong_command_line_exits_with_2_and_says_where_help_is(self):
        for args, text in (((), "Usage: kvsim"), (("nosuch",), "there is no command 'nosuch'"), (("up", "--bogus"), "unrecognized option '--bogus'"),
                           (("up", "--port-base", "abc"), "'abc'"), (("up", "--port-base", "65533"), "at most 65532"), (("up", "--port-base", "-1"), "'-1'"),
                           (("up", "extra"), "unexpected argument 'extra'"), (("up", "--edition", "1999"), "classic|2026"),
                           (("up", "--durability"), "requires an argument"), (("clock", "sideways"), "advance DURATION"),
                           (("clock", "advance"), "advance DURATION"), (("clock", "get", "now"), "advance DURATION"), (("tenant",), "add"),
                           (("tenant", "remove"), "add"), (("principal", "add", "a", "b"), "unexpected argument 'b'"), (("identity", "attach"), "attach ID"),
                           (("env", "--format", "yaml"), "sh|json"), (("tenant", "--user", "add"), "'--user'"), (("identity", "--tenant=x", "attach", "y"), "'--tenant=x'"),
                           (("up", "--state", ""), "--state needs a directory"), (("trust", "--install", "--remove"), "not both"), (("audit", "--daemon", "x"), "vaultd|providerd")):
            with self.subTest(args=args):
                state = ("--state", self.state) if args and args[0] != "nosuch" else ()
                a = run(*args[:1], *state, *args[1:])
                self.refused(a, text, "help", code=2)
        self.assertFalse(self.state.exists(), "a wrong command line leaves nothing behind")

    def test_commands_without_a_running_pair_say_how_to_start_one(self):
        for args in (("env",), ("clock",), ("clock", "advance", "1d"), ("tenant", "add"), ("subscription", "add"), ("principal", "add"),
                     ("identity", "attach", "x"), ("audit",), ("trust",)):
            with self.subTest(args=args):
                self.refused(run(*args, "--state", self.state), str(self.state), "kvsim up")
        a = run("status", "--state", self.state)
        self.assertEqual((a.returncode, a.stdout.count("not running")), (3, 2))
        for _ in range(2):
            a = run("down", "--state", self.state)
            self.assertEqual((a.returncode, a.stdout), (0, f"Nothing runs with the state directory {self.state}.\n"))
        self.assertFalse(self.state.exists())


class StateDirectory(Folder):
    def test_a_file_is_no_state_directory(self):
        self.state.write_text("precious")
        self.state.chmod(0o644)
        self.refused(self.up(), "is no directory", "--state")
        self.assertEqual((self.state.read_text(), stat.S_IMODE(self.state.stat().st_mode)), ("precious", 0o644))
        self.refused(run("up", "--port-base", "0", "--state", self.state / "below"), "can't be made", "Not a directory", "--state")

    def test_a_directory_with_other_files_is_left_alone(self):
        self.state.mkdir(mode=0o755)
        (self.state / "thesis.tex").write_text("precious")
        self.refused(self.up(), "holds other files", "--state")
        self.assertEqual([p.name for p in self.state.iterdir()], ["thesis.tex"])
        self.assertEqual(stat.S_IMODE(self.state.stat().st_mode), 0o755)

    def test_a_directory_that_can_not_be_written_is_named(self):
        self.state.mkdir(mode=0o500)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        if nobody:
            self.dir.chmod(0o755)
            os.chown(self.state, 65534, 65534)
            if subprocess.run(["test", "-x", str(KVSIM)], **nobody, check=False).returncode != 0:
                self.skipTest("the build folder is closed to other users")
        for where, text in ((self.state, "can't be written"), (self.state / "below", "can't be made")):
            a = run("up", "--port-base", "0", "--detach", "--state", where, **nobody)
            self.refused(a, text, "Permission denied", "--state")

    def test_a_state_of_another_schema_is_refused_with_the_cure(self):
        Sim(self.state, RELAXED).stop()
        data = self.state / "vault" / "data.mdb"
        old = data.read_bytes()
        new = re.sub(rb"\x01schema.\x00\x00\x00", b"\x01schema\x63\x00\x00\x00", old, flags=re.S)
        self.assertTrue(old != new)
        data.write_bytes(new)
        self.refused(self.up(), "schema 99", "--state", "vaultd did not start")
        data.write_bytes(old)
        Sim(self.state, RELAXED).stop()

    def test_reset_removes_a_stopped_state_and_nothing_else(self):
        self.assertIn("There is no state", run("reset", "--state", self.state).stdout)
        sim = Sim(self.state, RELAXED)
        self.addCleanup(sim.stop)
        self.refused(run("reset", "--state", self.state), "runs with the state directory", "kvsim down")
        sim.stop()
        self.assertTrue(any(self.state.iterdir()))
        a = run("reset", "--state", self.state)
        self.assertEqual((a.returncode, list(self.state.iterdir())), (0, []), a.stderr)
        theirs = self.dir / "theirs.txt"
        theirs.write_text("theirs")
        self.refused(run("reset", "--state", self.dir), "holds other files")
        self.assertEqual(theirs.read_text(), "theirs")

    def test_a_damaged_state_is_refused_and_not_made_worse(self):
        Sim(self.state, RELAXED).stop()
        for name in ("vault/root.key", "token-key.json", "provider/data.mdb"):
            with self.subTest(name):
                path = self.state / name
                old = path.read_bytes()
                path.write_bytes(b"garbage" * 10)
                a = self.up()
                if a.returncode == 0:
                    run("down", "--state", self.state)
                    self.fail(f"{name}: started with garbage")
                self.refused(a, path.name if path.suffix != ".mdb" else "provider")
                self.assertEqual(path.read_bytes(), b"garbage" * 10)
                path.write_bytes(old)
        Sim(self.state, RELAXED).stop()


    def test_a_state_that_has_lost_a_part_is_refused_with_the_cure_and_runs_again_when_it_is_back(self):
        """Started anyway, a new root key would open nothing that is stored, a new operator would be unknown to the store."""
        Sim(self.state, RELAXED).stop()
        for name, said in (("vault/root.key", "root.key is missing"), ("provider/root.key", "root.key is missing"),
                           ("operator.json", "operator.json is missing"), ("operator-secret", "operator-secret is missing"),
                           ("vault/data.mdb", "vault is missing"), ("provider/data.mdb", "provider is missing")):
            with self.subTest(name):
                away = self.dir / "away"
                (self.state / name).rename(away)
                a = self.up()
                if a.returncode == 0:
                    run("down", "--state", self.state)
                    self.fail(f"started without {name}")
                self.refused(a, said, "restore it")
                self.assertFalse((self.state / name).exists())
                away.rename(self.state / name)
        (self.state / "operator.json").write_text("{}")
        self.refused(self.up(), "operator.json is damaged", "restore it", "kvsim reset")

    def test_a_first_start_that_was_cut_short_is_taken_up_with_the_same_operator(self):
        sim = Sim(self.state, RELAXED)
        before = {k: sim.e[k] for k in ("tenant", "subscription", "client_id")}
        secret = sim.secret
        sim.stop()
        # as it stands when kvsim is killed after the daemons have stored the operator
        (self.state / "operator.json").unlink()
        (self.state / "bootstrap.json").write_text(json.dumps({**before, "client_secret": secret}))
        with Sim(self.state, RELAXED) as sim:  # it has signed in, with the secret in its file
            self.assertEqual({k: sim.e[k] for k in before}, before)
            self.assertEqual(sim.secret, secret)
            self.assertFalse((self.state / "bootstrap.json").exists())

    def test_a_log_that_can_not_be_written_is_named_and_nothing_is_left_running(self):
        self.state.mkdir()
        (self.state / "lock").touch()
        (self.state / "log").touch()
        self.refused(self.up(), "kvsim.log: Not a directory")
        (self.state / "log").unlink()
        (self.state / "log" / "providerd.log").mkdir(parents=True)
        self.refused(self.up(), "providerd.log: Is a directory")
        (self.state / "log" / "providerd.log").rmdir()
        Sim(self.state, RELAXED).stop()


class Runs(Folder):
    def start(self):
        sim = Sim(self.state, RELAXED)
        self.addCleanup(sim.process.kill)
        return sim

    def test_ctrl_c_stops_everything_and_leaves_no_endpoints(self):
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            sim = self.start()
            sim.process.send_signal(sig)
            self.assertEqual(sim.process.wait(30), 0)
            for name in ("vaultd", "providerd"):
                self.assertTrue(ended(sim.e["pids"][name]), name)
            self.assertFalse((self.state / "endpoints.json").exists())
            sim.stop()

    def test_ctrl_c_while_it_starts_leaves_nothing_running(self):
        p = subprocess.Popen([KVSIM, "up", "--port-base", "0", "--state", self.state], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (self.state / "vaultd.lock").exists() and p.poll() is None:
            pass
        p.send_signal(signal.SIGINT)
        p.wait(30)
        self.start().stop()

    def test_a_daemon_that_dies_takes_the_other_along_and_is_named(self):
        for name, other in (("vaultd", "providerd"), ("providerd", "vaultd")):
            sim = self.start()
            os.kill(sim.e["pids"][name], signal.SIGKILL)
            self.assertEqual(sim.process.wait(30), 1)
            self.assertIn(f"{name} has ended (signal 9)", sim.process.stdout.read())
            self.assertTrue(ended(sim.e["pids"][other]))
            self.assertEqual(run("status", "--state", self.state).returncode, 3)
            sim.process.stdout.close()

    def test_a_killed_kvsim_leaves_no_daemon_behind_and_up_works_again(self):
        sim = self.start()
        sim.group()
        sim.make_vault("stays")
        sim.process.kill()
        sim.process.wait()
        sim.process.stdout.close()
        again = self.start()  # waits until the daemons of the first are gone
        for name in ("vaultd", "providerd"):
            self.assertTrue(ended(sim.e["pids"][name], 0), name + " of the first run still runs beside the second")
        self.assertEqual(again.vault("stays", "GET", "/keys").status, 200)
        again.stop()

    def test_everything_killed_at_once_is_no_harm(self):
        sim = self.start()
        sim.group()
        sim.make_vault("stays")
        for pid in sim.e["pids"].values():
            os.kill(pid, signal.SIGKILL)
        sim.process.wait()
        sim.process.stdout.close()
        self.assertTrue((self.state / "endpoints.json").exists())
        self.assertEqual(run("status", "--state", self.state).returncode, 3)
        self.refused(run("env", "--state", self.state), "kvsim up")
        self.assertIn("Nothing runs", run("down", "--state", self.state).stdout)
        again = self.start()
        self.assertEqual(again.vault("stays", "GET", "/keys").status, 200)
        again.stop()

    def test_detached_it_is_stopped_by_down_and_again_by_down(self):
        a = self.up()
        self.assertEqual(a.returncode, 0, a.stderr)
        pids = json.loads((self.state / "endpoints.json").read_text())["pids"]
        try:
            self.assertEqual(run("status", "--state", self.state).returncode, 0)
            b = self.up()
            self.refused(b, f"in use by process {pids['kvsim']}", "kvsim down")
        finally:
            a = run("down", "--state", self.state)
        self.assertEqual((a.returncode, a.stdout), (0, "Stopped.\n"))
        self.assertTrue(all(ended(p, 0) or name == "kvsim" for name, p in pids.items()))
        self.assertIn("Nothing runs", run("down", "--state", self.state).stdout)

    def test_ephemeral_leaves_nothing(self):
        p = subprocess.Popen([KVSIM, "up", "--ephemeral", "--port-base", "0"], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(self.dir)})
        line = p.stdout.readline()
        made = pathlib.Path(line.split("State: ")[1].strip())
        self.assertTrue(made.is_dir() and made.parent == self.dir)
        p.terminate()
        p.wait(30)
        p.stdout.close()
        self.assertFalse(made.exists())


class Directory(SimTest, Folder):
    with_group = False

    def add(self, *args):
        return dict(l.split("=", 1) for l in self.sim.kvsim(*args).stdout.splitlines())

    def test_users_and_principals_sign_in_with_what_was_printed(self):
        tenant = self.add("tenant", "add", "Other")["tenant"]
        for where in (self.sim.tenant, tenant):
            made = self.add("principal", "add", "robot", "--tenant", where)
            token = self.sim.token("https://vault.azure.net", made["client_id"], made["client_secret"], where)
            self.assertEqual((Sim.claims(token)["oid"], Sim.claims(token)["tid"]), (made["object_id"], where))
            user = self.add("principal", "add", "Ann Lee", "--user", "--tenant", where)
            self.assertEqual(user["upn"], f"Ann.Lee@{where[:8]}.onmicrosoft.com")
            a = self.sim.http("POST", f"{self.sim.e['login_url']}/{where}/oauth2/v2.0/token", "grant_type=password&scope=https://vault.azure.net/.default"
                              f"&username={user['upn']}&password={user['password']}")
            self.assertEqual(Sim.claims(a.json["access_token"])["oid"], user["object_id"], a.body)
            again = self.sim.kvsim("principal", "add", "Ann Lee", "--user", "--tenant", where, check=False)
            self.refused(again, "There is a user 'Ann.Lee@", "another name")

    def test_a_subscription_belongs_to_its_owner_and_to_nobody_else(self):
        user = self.add("principal", "add", "owner", "--user")
        sub = self.add("subscription", "add", "Second", "--owner", user["object_id"])["subscription"]
        a = self.sim.http("POST", f"{self.sim.e['login_url']}/{self.sim.tenant}/oauth2/v2.0/token", "grant_type=password"
                          f"&scope=https://management.azure.com/.default&username={user['upn']}&password={user['password']}")
        theirs = a.json["access_token"]
        path = f"/subscriptions/{sub}/resourceGroups/rg"
        self.assertEqual(self.sim.arm("PUT", path, {"location": "westeurope"}, token=theirs).status, 201)
        self.assertEqual(self.sim.arm("GET", path).status, 403)
        listed = self.sim.arm("GET", "/subscriptions", token=theirs).json["value"]
        self.assertEqual([s["subscriptionId"] for s in listed], [sub])

    def test_what_does_not_exist_is_named_with_the_cure(self):
        for args, text in ((("subscription", "add", "--tenant", "nosuch"), "kvsim tenant add"), (("principal", "add", "--tenant", "nosuch"), "kvsim tenant add"),
                           (("subscription", "add", "--owner", "nosuch"), "There is no principal 'nosuch'"),
                           (("identity", "attach", "nosuch"), "There is no principal")):
            self.refused(self.sim.kvsim(*args, check=False), text)

    def test_a_name_is_stored_whole_or_refused(self):
        for command in ("tenant", "subscription", "principal"):
            self.refused(self.sim.kvsim(command, "add", "ü" * 64, check=False), "'name' is a text of at most 127 bytes")
            self.assertEqual(self.sim.kvsim(command, "add", "ü" * 63, check=False).returncode, 0)

    def test_store_endpoints_need_the_token_and_a_number(self):
        for base in (self.sim.e["management_url"], self.sim.e["vault_url"].replace("{vault}.vault", "management")):
            call = lambda body, token=self.sim.control: self.sim.http("POST", base + "/_sim/store/crash", json.dumps(body), {"x-kvsim-control": token}).status
            self.assertEqual([call({"at": 0}), call({"at": -1}), call({"at": "1"}), call({}), call({"at": 1}, "no")], [200, 400, 400, 400, 403])
            a = self.sim.http("GET", base + "/_sim/store/stats", headers={"x-kvsim-control": self.sim.control})
            self.assertEqual(set(a.json), {"commits", "writes"})

    def test_the_environment_of_java_has_every_ca_of_the_bundle(self):
        for mode in ("proxy", "names"):
            env = json.loads(self.sim.kvsim("env", "--mode", mode, "--format", "json").stdout)
            options = dict(o[2:].split("=", 1) for o in env["JAVA_TOOL_OPTIONS"].split())
            self.assertEqual("java.net.useSystemProxies" in options, mode == "proxy")
            a = subprocess.run(["openssl", "pkcs12", "-in", options["javax.net.ssl.trustStore"], "-nokeys", "-passin",
                                "pass:" + options["javax.net.ssl.trustStorePassword"]], capture_output=True, text=True, check=True)
            bundle = pathlib.Path(env["SSL_CERT_FILE"]).read_text()
            self.assertGreater(bundle.count("BEGIN CERTIFICATE"), 1)
            self.assertEqual(a.stdout.count("BEGIN CERTIFICATE"), bundle.count("BEGIN CERTIFICATE"))
            self.assertEqual(a.stdout.count("2.16.840.1.113894.746875.1.1"), bundle.count("BEGIN CERTIFICATE"))

    def test_a_wild_clock_is_held(self):
        for args, text in ((("set", "garbage"), "UTC time"), (("set", "1999-01-01T00:00:00Z"), "can't go back"), (("set", "9999-12-31T23:59:59Z"), "8999"),
                           (("set", "2027-02-30T00:00:00Z"), "UTC time"), (("advance", "99999999d"), "duration"), (("advance", "9" * 30 + "d"), "duration"),
                           (("advance", "soon"), "duration"), (("advance", ""), "duration")):
            self.refused(self.sim.kvsim("clock", *args, check=False), text)
        self.assertLess(self.sim.kvsim("clock").stdout, "2990")
        self.sim.group()
        self.sim.make_vault("late")
        self.sim.kvsim("clock", "set", "8999-12-01T00:00:00Z")
        a = self.sim.vault("late", "POST", "/keys/k/create", {"kty": "EC"})
        self.assertEqual(a.status, 200, a.body)
        self.assertEqual(self.sim.vault("late", "DELETE", "/keys/k").status, 200)
        self.assertEqual(self.sim.vault("late", "GET", "/deletedkeys/k").status, 200)
        self.refused(self.sim.kvsim("clock", "advance", "365d", check=False), "8999")
        self.assertEqual(self.sim.arm("DELETE", self.sim.vault_id("late")).status, 200)
        self.assertEqual(self.sim.kvsim("status").returncode, 0)


if __name__ == "__main__":
    unittest.main()
