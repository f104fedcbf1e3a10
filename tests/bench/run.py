"""What tools/bench runs: loads on a simulator of its own, references in the same run, a line a figure."""

import argparse
import base64
import http.client
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402

BENCH = harness.BUILD / "tests" / "bench"
GROUPS = ["start", "memory", "transport", "use", "create", "handshakes", "large", "lists"]
PLAIN = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode()
figures = {}


def figure(name, value, unit, ratio=None, to=None, aim=None):
    figures[name] = {"value": value, "unit": unit, "ratio": ratio, "to": to, "aim": aim}
    text = f"{name:<44}{value:>10} {unit}"
    if ratio is not None:
        text += f"   {ratio:.2f} of {to}"
    if aim:
        text += f"   (aim {aim})"
    print(text, flush=True)


class Server:
    """A yardstick server: its first line is its port; stopped by its own process id."""

    def __init__(self, sim, program, *args):
        self.process = subprocess.Popen([BENCH / program, sim.state / "leaf-localhost.pem", sim.state / "leaf-localhost.key",
                                         *args], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def __enter__(self):
        return self.port

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


def wrk(port, path, seconds, host="bench.vault.localhost", token=None, body=None, connections=32, script=""):
    """Answers a second; every status other than 200 ends the run."""
    lines = [f'wrk.method = "{"POST" if body else "GET"}"', f'wrk.headers["Host"] = "{host}:{port}"',
             'function response(status) if status ~= 200 then print("status " .. status) os.exit(1) end end']
    if token:
        lines.append(f'wrk.headers["Authorization"] = "Bearer {token}"')
    if body:
        lines += [f"wrk.body = [[{body}]]", 'wrk.headers["Content-Type"] = "application/json"']
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as f:
        f.write("\n".join(lines) + "\n" + script)
        f.flush()
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", f.name, f"https://127.0.0.1:{port}{path}"],
                             capture_output=True, text=True, check=False).stdout
    m = re.search(r"Requests/sec:\s+([\d.]+)", out)
    if not m or "status" in out:
        raise SystemExit(f"wrk on {path}: {out}")
    return float(m[1])


def rss_mb(sim):
    total = 0
    for name in ("vaultd", "providerd"):
        status = pathlib.Path(f"/proc/{sim.e['pids'][name]}/status").read_text()
        total += int(re.search(r"VmRSS:\s+(\d+)", status)[1])
    return total / 1024


def vault_port(sim):
    return int(sim.e["vault_url"].rsplit(":", 1)[1])


def first_answer(state):
    """Seconds from starting `kvsim up` to the first authenticated answer of a vault (the listing of its keys)."""
    begin = time.perf_counter()
    sim = harness.Sim(state)  # returns once it has a token
    if not (sim.state / "bench-vault").exists():
        answer = sim.arm("GET", f"/subscriptions/{sim.sub}/resourceGroups", version="2024-11-01")
    else:
        answer = sim.vault("bench", "GET", "/keys")
    seconds = time.perf_counter() - begin
    assert answer.status == 200, answer.body
    return sim, seconds


def measure_start():
    with tempfile.TemporaryDirectory(prefix="kvsim-bench.") as state:
        firsts, seconds = [], []
        sim, first = first_answer(state)
        firsts.append(first)
        sim.group()
        sim.make_vault("bench")
        (sim.state / "bench-vault").touch()
        sim.stop()
        for _ in range(5):
            sim, s = first_answer(state)
            sim.stop()
            seconds.append(s)
    for _ in range(4):
        with tempfile.TemporaryDirectory(prefix="kvsim-bench.") as state:
            sim, s = first_answer(state)
            sim.stop()
            firsts.append(s)
    figure("first start to an authenticated answer", round(statistics.median(firsts) * 1000), "ms", aim="<= 500, median of 5")
    figure("second start to an authenticated answer", round(statistics.median(seconds) * 1000), "ms", aim="<= 50, median of 5")


def measure_transport(sim, seconds):
    with Server(sim, "bare_server", "--threads", "1") as port:
        own = wrk(port, "/keys/k", seconds)
    with Server(sim, "evhttp_server") as port:
        theirs = wrk(port, "/keys/k", seconds)
    figure("evhttp, one loop, fixed answer", round(theirs), "/s")
    figure("own transport, one loop, fixed answer", round(own), "/s", own / theirs, "evhttp", ">= 1.5")


def openssl_speed(seconds):
    out = subprocess.run(["openssl", "speed", "-multi", "2", "-seconds", str(seconds), "rsa2048"], capture_output=True,
                         text=True, check=True).stdout
    m = re.search(r"^rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)", out, re.M)
    return float(m[1])


def measure_use(sim, seconds, token, wrapped):
    port = vault_port(sim)
    wrap = json.dumps({"alg": "RSA-OAEP-256", "value": PLAIN})
    unwrap = json.dumps({"alg": "RSA-OAEP-256", "value": wrapped})
    speed = openssl_speed(seconds)
    n = wrk(port, "/keys/k/unwrapkey?api-version=7.5", seconds, token=token, body=unwrap)
    figure("openssl speed rsa2048, private operations", round(speed), "/s")
    figure("unwrapKey", round(n), "/s", n / speed, "openssl speed", ">= 0.75")
    with Server(sim, "bare_server") as bare:
        fixed = wrk(bare, "/keys/k", seconds)
    n = wrk(port, "/keys/k?api-version=7.5", seconds, token=token)
    figure("bare server, fixed answer", round(fixed), "/s")
    figure("get key", round(n), "/s", n / fixed, "bare server", ">= 0.60")
    with Server(sim, "bare_server", "--rsa") as bare:
        fixed = wrk(bare, "/keys/k", seconds, body=wrap)
    n = wrk(port, "/keys/k/wrapkey?api-version=7.5", seconds, token=token, body=wrap)
    figure("bare server, one RSA encryption each", round(fixed), "/s")
    figure("wrapKey", round(n), "/s", n / fixed, "bare server", ">= 0.70")


def store_stats(sim):
    url = sim.e["vault_url"].replace("{vault}.vault", "management") + "/_sim/store/stats"
    return sim.http("GET", url, headers={"x-kvsim-control": sim.control}).json


def measure_create(sim, seconds, token):
    port = vault_port(sim)
    script = f"""
local n = 0
function request()
    n = n + 1
    return wrk.format("POST", "/keys/b" .. n .. "/create?api-version=7.5", nil, '{{"kty":"EC"}}')
end
"""
    before = store_stats(sim)
    rate = wrk(port, "/", seconds, token=token, body='{"kty":"EC"}', connections=64, script=script)
    after = store_stats(sim)
    writes, commits = after["writes"] - before["writes"], after["commits"] - before["commits"]
    figure("durable EC key creates, 64 clients", round(rate), "/s")
    figure("writes per commit", round(writes / commits, 1), "", aim=">= 8")


def measure_handshakes(sim, seconds):
    port = vault_port(sim)
    for kind in ("full", "resumed"):
        # Two clients, for two cores; the sessions go from loop to loop as the system likes.
        clients = [subprocess.Popen([BENCH / "handshakes", str(port), "management.localhost", sim.e["ca"], str(seconds), kind],
                                    stdout=subprocess.PIPE, text=True) for _ in range(2)]
        rates = [float(c.communicate()[0]) for c in clients]
        if any(c.returncode for c in clients):
            raise SystemExit(f"{kind} handshakes failed")
        figure(f"TLS handshakes with a request, {kind}", round(sum(rates)), "/s")


def measure_memory(sim, token, wrapped):
    port = vault_port(sim)
    idle = rss_mb(sim)
    figure("resident memory of both daemons, idle", round(idle, 1), "MB", aim="<= 40")
    unwrap = json.dumps({"alg": "RSA-OAEP-256", "value": wrapped})
    wrap = json.dumps({"alg": "RSA-OAEP-256", "value": PLAIN})
    done, marks = 0, []
    while done < 200_000:
        for path, body in (("/keys/k?api-version=7.5", None), ("/keys/k/wrapkey?api-version=7.5", wrap),
                           ("/keys/k/unwrapkey?api-version=7.5", unwrap)):
            done += 2 * wrk(port, path, 2, token=token, body=body)
        marks.append(rss_mb(sim))
    figure("resident memory after 200,000 reads and uses", round(marks[-1], 1), "MB", marks[-1] / marks[0],
           "that after the first round", "0.95 to 1.05")


def stream(sim, method, url, headers, pieces=None):
    """One request whose body is sent, and whose answer is read, piece by piece: (status, first bytes, length)."""
    host, path = re.match(r"https://([^/]+)(/.*)", url).groups()
    conn = http.client.HTTPSConnection("127.0.0.1", int(host.split(":")[1]), timeout=300)
    conn.sock = sim.tls.wrap_socket(socket.create_connection(("127.0.0.1", conn.port)),
                                    server_hostname=host.split(":")[0])
    conn.request(method, path, pieces, {"Host": host, **headers})
    r = conn.getresponse()
    head, length = r.read(4096), 0
    length = len(head)
    while piece := r.read(1 << 20):
        length += len(piece)
    conn.close()
    return r.status, head, length


def measure_large(sim):
    size = 512 << 20
    sim.group()
    sim.make_account("benchacct")
    key = sim.api_key("benchacct")
    url = sim.e["openai_url"].replace("{account}", "benchacct") + "/openai/files"
    before = rss_mb(sim)
    head = (b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n--b\r\nContent-Disposition: form-data; '
            b'name="file"; filename="large.jsonl"\r\nContent-Type: application/octet-stream\r\n\r\n')
    tail = b"\r\n--b--\r\n"
    block = os.urandom(1 << 20)
    peak = [0.0]

    def body():
        yield head
        for i in range(size >> 20):
            if i % 64 == 0:
                peak[0] = max(peak[0], rss_mb(sim))
            yield block
        yield tail

    begin = time.perf_counter()
    status, answer, _ = stream(sim, "POST", url + "?api-version=2024-10-21",
                               {"api-key": key, "Content-Type": "multipart/form-data; boundary=b",
                                "Content-Length": str(len(head) + size + len(tail))}, body())
    assert status == 201, answer
    up = time.perf_counter() - begin
    file_id = json.loads(answer)["id"]
    begin = time.perf_counter()
    status, _, length = stream(sim, "GET", f"{url}/{file_id}/content?api-version=2024-10-21", {"api-key": key})
    assert (status, length) == (200, size), (status, length)
    down = time.perf_counter() - begin
    peak[0] = max(peak[0], rss_mb(sim))
    after = rss_mb(sim)
    figure("512 MB upload", round(512 / up), "MB/s")
    figure("512 MB download", round(512 / down), "MB/s")
    figure("peak resident memory meanwhile", round(peak[0], 1), "MB", peak[0] / before, "that before")
    figure("resident memory afterwards", round(after, 1), "MB", after / before, "that before", "<= 1.10")


def measure_lists():
    """10,000 keys of 50 versions, without sockets: the last pages against the first."""
    out = subprocess.run([harness.BUILD / "tests" / "api" / "list_pages"], capture_output=True, text=True, check=True).stdout
    for what, first, last in re.findall(r"^(.*): .* first (\d+) us, last (\d+) us", out, re.M):
        figure(f"last page of a list: {what}", int(last), "us", int(last) / int(first), "its first page", "<= 1.5")


def main():
    p = argparse.ArgumentParser(prog="tools/bench")
    p.add_argument("--seconds", type=int, default=4)
    p.add_argument("--only", default=",".join(GROUPS))
    p.add_argument("--json")
    o = p.parse_args()
    only = o.only.split(",")
    if bad := [g for g in only if g not in GROUPS]:
        p.error(f"--only knows {', '.join(GROUPS)}; not {', '.join(bad)}")
    print(f"One run on {os.cpu_count()} cores; load by wrk, 32 keep-alive connections over TLS.", flush=True)
    if "start" in only:
        measure_start()
    if "lists" in only:
        measure_lists()
    with harness.Sim() as sim:
        sim.group()
        sim.make_vault("bench")
        token = sim.token("https://vault.azure.net")
        assert sim.vault("bench", "POST", "/keys/k/create", {"kty": "RSA"}).status == 200
        wrapped = sim.vault("bench", "POST", "/keys/k/wrapkey", {"alg": "RSA-OAEP-256", "value": PLAIN}).json["value"]
        if "memory" in only:
            measure_memory(sim, token, wrapped)
        if "transport" in only:
            measure_transport(sim, o.seconds)
        if "use" in only:
            measure_use(sim, o.seconds, token, wrapped)
        if "create" in only:
            measure_create(sim, o.seconds, token)
        if "handshakes" in only:
            measure_handshakes(sim, o.seconds)
        if "large" in only:
            measure_large(sim)
    if o.json:
        pathlib.Path(o.json).write_text(json.dumps(figures, indent=1) + "\n")


main()
