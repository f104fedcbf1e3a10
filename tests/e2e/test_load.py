"""A short load with both daemons, clients vanishing in mid-request included: every answer is right, and afterwards both
daemons are well: no sanitizer report (harness), no descriptor and no half file left."""

import http.client
import json
import os
import random
import socket
import struct
import threading
import unittest

from harness import SimTest, b64

ROUNDS = 25
CONTENT = os.urandom(200_000)


class Load(SimTest):
    with_group = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.sim
        s.cmk("load")
        s.api_keys = {"acctload": s.api_key("acctload")}
        cls.file = s.upload("acctload", CONTENT).json["id"]
        cls.hosts = {"vault": f"vaultload.vault.localhost:{s.e['vault_url'].split(':')[-1]}",
                     "openai": f"acctload.openai.localhost:{s.e['openai_url'].split(':')[-1]}"}
        cls.auth = {"vault": "Authorization: Bearer " + s.token("https://vault.azure.net"), "openai": "api-key: " + s.api_keys["acctload"]}
        s.arm("GET", s.vault_id("vaultload"))

    def setUp(self):
        self.failures, self.lock = [], threading.Lock()
        self.kept, self.created = [], []

    # --- those who behave

    def connection(self, site):
        host, port = self.hosts[site].split(":")
        conn = http.client.HTTPConnection(host, int(port))
        raw = socket.create_connection(("127.0.0.1", int(port)), timeout=120)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        conn.sock = self.sim.tls.wrap_socket(raw, server_hostname=host)
        return conn

    def call(self, conn, site, method, path, body=None, status=200, kind="application/json"):
        name, value = self.auth[site].split(": ")
        version = "7.5" if site == "vault" else "2024-10-21"
        conn.request(method, f"{path}?api-version={version}", body if body is None or isinstance(body, bytes) else json.dumps(body),
                     {name: value, "Content-Type": kind})
        r = conn.getresponse()
        data = r.read()
        assert r.status == status, (method, path, r.status, data[:300])
        return data

    def use_keys(self, n):
        conn = self.connection("vault")
        for i in range(ROUNDS):
            secret = b64(os.urandom(32))
            self.call(conn, "vault", "GET", "/keys/cmk")
            wrapped = json.loads(self.call(conn, "vault", "POST", "/keys/cmk/wrapkey", {"alg": "RSA-OAEP-256", "value": secret}))
            back = json.loads(self.call(conn, "vault", "POST", "/keys/cmk/unwrapkey", {"alg": "RSA-OAEP-256", "value": wrapped["value"]}))
            assert back["value"] == secret
            if i % 5 == 4:
                conn.close()
                conn = self.connection("vault")
        conn.close()

    def make_keys(self, n):
        conn = self.connection("vault")
        for i in range(ROUNDS):
            self.call(conn, "vault", "POST", f"/keys/made-{n}-{i}/create", {"kty": "EC"})
            self.call(conn, "vault", "PATCH", f"/keys/made-{n}-{i}/", {"tags": {"i": str(i)}})
            if i % 2:
                self.call(conn, "vault", "DELETE", f"/keys/made-{n}-{i}")
            else:
                with self.lock:
                    self.created.append(f"made-{n}-{i}")
            self.call(conn, "vault", "GET", "/keys")
        conn.close()

    def move_files(self, n):
        boundary = "b1234567890"
        form = (f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--{boundary}\r\nContent-Disposition: form-data; '
                f'name="file"; filename="f"\r\n\r\n').encode() + CONTENT + f"\r\n--{boundary}--\r\n".encode()
        conn = self.connection("openai")
        for i in range(ROUNDS):
            made = json.loads(self.call(conn, "openai", "POST", "/openai/files", form, 201, "multipart/form-data; boundary=" + boundary))
            assert self.call(conn, "openai", "GET", f"/openai/files/{made['id']}/content") == CONTENT
            if i % 2:
                self.call(conn, "openai", "DELETE", "/openai/files/" + made["id"])
            else:
                with self.lock:
                    self.kept.append(made["id"])
        conn.close()

    def manage(self, n):
        for i in range(ROUNDS // 3):
            a = self.sim.arm("PATCH", self.sim.vault_id("vaultload"), {"tags": {"round": str(i)}})
            assert a.status == 200, a.body
            a = self.sim.bind("acctload", "vaultload", "cmk")
            assert a.status == 202, a.body

    # --- those who don't

    def vanish(self, n):
        """Half a handshake, half a head, half a body, half a download, half a tunnel; then a close or a reset."""
        rng = random.Random(n)
        host = {k: v.split(":")[0] for k, v in self.hosts.items()}
        post = (f"POST /keys/gone-{n}/create?api-version=7.5 HTTP/1.1\r\nHost: {host['vault']}\r\n{self.auth['vault']}\r\n"
                'Content-Length: 29\r\n\r\n{"kty":"RSA","key_size":2048}').encode()
        upload = (f"POST /openai/files?api-version=2024-10-21 HTTP/1.1\r\nHost: {host['openai']}\r\n{self.auth['openai']}\r\n"
                  'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 400000\r\n\r\n--b\r\nContent-Disposition: form-data; name="purpose"'
                  '\r\n\r\nbatch\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="half"\r\n\r\n').encode() + CONTENT
        download = (f"GET /openai/files/{self.file}/content?api-version=2024-10-21 HTTP/1.1\r\nHost: {host['openai']}\r\n"
                    f"{self.auth['openai']}\r\n\r\n").encode()
        wrap = (f"GET /keys/cmk?api-version=7.5 HTTP/1.1\r\nHost: {host['vault']}\r\n{self.auth['vault']}\r\n\r\n").encode() * 3
        ways = [("vault", post), ("openai", upload), ("openai", download), ("vault", wrap)]
        for i in range(ROUNDS * 2):
            site, data = ways[i % len(ways)]
            port = int(self.hosts[site].split(":")[1])
            how = rng.randrange(6)
            if how == 0:  # in the handshake
                s = socket.create_connection(("127.0.0.1", port), timeout=120)
                s.sendall(bytes.fromhex("160301020001fc0303") + b"x" * rng.randrange(40))
            elif how == 1:  # in the tunnel
                s = self.sim.tunnel("vaultload.vault.azure.net")
                s.sendall(b"\x16\x03\x01")
            else:
                s = self.sim.tls.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=120), server_hostname=host[site])
                s.sendall(data if how > 3 else data[:rng.randrange(1, len(data))])
                if how == 5 and site == "openai" and data is download:
                    s.recv(100)
            if rng.random() < 0.5:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()

    def guarded(self, job, n):
        try:
            job(n)
        except Exception as e:  # noqa: BLE001 - told in the main thread
            with self.lock:
                self.failures.append(f"{job.__name__}: {e!r}")

    def descriptors(self):
        return {name: len(os.listdir(f"/proc/{self.sim.e['pids'][name]}/fd")) for name in ("vaultd", "providerd")}

    def test_both_daemons_serve_well_while_others_vanish(self):
        before = self.descriptors()
        jobs = [self.use_keys, self.use_keys, self.make_keys, self.make_keys, self.move_files, self.move_files, self.manage] + [self.vanish] * 4
        threads = [threading.Thread(target=self.guarded, args=(job, n)) for n, job in enumerate(jobs)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(self.failures, [])
        self.assertEqual(self.sim.kvsim("status").returncode, 0)

        # Everything acknowledged is there, and nothing of what was cut short.
        conn = self.connection("vault")
        for name in self.created:
            self.call(conn, "vault", "GET", f"/keys/{name}")
        conn.close()
        conn = self.connection("openai")
        listed = {f["id"] for f in json.loads(self.call(conn, "openai", "GET", "/openai/files"))["data"]}
        conn.close()
        self.assertEqual(listed, set(self.kept) | {self.file})
        # Each daemon keeps a few connections to the other; a leak would be of one for each of those who vanished.
        slack = 16
        for _ in range(2000):
            self.assertEqual(self.sim.vault("vaultload", "GET", "/keys/cmk").status, 200)
            now = self.descriptors()
            if all(now[d] <= before[d] + slack for d in now):
                break
        self.assertTrue(all(now[d] <= before[d] + slack for d in now), (before, now))
        self.assertEqual(self.blobs(len(listed)), listed)

    def blobs(self, expected):
        """The files on disk; one that was deleted goes when its exchange ends, just after the answer."""
        for _ in range(200):
            found = [p.name for p in (self.sim.state / "provider" / "blobs").iterdir()]
            if len(found) == expected:
                break
            self.sim.arm("GET", self.sim.vault_id("vaultload"))
        return {name.split("_", 1)[-1] for name in found}


if __name__ == "__main__":
    unittest.main()
