#!/usr/bin/env python3
"""GET of one object over TLS with keep-alive, beside the same octets as a static file of nginx, in the same run; and
whether 200,000 Services of 100 providers make it slower. Prints one table each. Call it through scripts/bench.sh."""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import rest_world  # noqa: E402
import stack  # noqa: E402

CONNECTIONS = (8, 64, 256)
NGINX = """
{user}
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
daemon off;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {data}/rest.pem;
    ssl_certificate_key {data}/rest-key.pem;
    ssl_protocols TLSv1.3;
    root {folder}/static;
    default_type application/json;
  }}
}}
"""


def cpu_seconds(pid: int) -> float:
    """Of the process and the children that it has now."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for one in [pid, *children]:
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(server: int, url: str, connections: int, seconds: int, *headers: str) -> tuple[float, float]:
    """Requests per second, and microseconds of the server's CPU time a request."""
    command = ["wrk", "-t", "2", "-c", str(connections), "-d", f"{seconds}s"]
    for header in headers:
        command += ["-H", header]
    before = cpu_seconds(server)
    told = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    used = cpu_seconds(server) - before
    if "Non-2xx" in told:
        raise RuntimeError(f"{url} was refused:\n{told}")
    requests = int(re.search(r"(\d+) requests in", told)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]), used / requests * 1e6


def beside_nginx(running: rest_world.RestStack, client: rest_world.Client, path: str, seconds: int):
    folder = running.folder
    (folder / "static").mkdir()
    (folder / "static" / "object.json").write_bytes(client.send("GET", path).body)
    port = stack.free_port()
    (folder / "nginx.conf").write_text(NGINX.format(
        folder=folder, data=running.data, port=port, user="user root;" if os.geteuid() == 0 else ""))
    nginx = stack.Process(folder, "nginx", [shutil.which("nginx") or "/usr/sbin/nginx", "-c", folder / "nginx.conf"])
    try:
        nginx.wait_for_port(port)
        ours = f"https://localhost:{running.rest_port}{client.base}{path}"
        print(f"{'':>12} {'requests per second':^29} {'CPU microseconds a request':^29}")
        print(f"{'connections':>12}" + f" {'tsms':>10} {'nginx':>10} {'ratio':>7}" * 2)
        for connections in CONNECTIONS:
            a, a_cpu = measure(running.server.process.pid, ours, connections, seconds,
                               f"Authorization: Bearer {client.token}")
            b, b_cpu = measure(nginx.process.pid, f"https://localhost:{port}/object.json", connections, seconds)
            print(f"{connections:>12} {a:>10.0f} {b:>10.0f} {a / b:>7.2f}"
                  f" {a_cpu:>10.0f} {b_cpu:>10.0f} {a_cpu / b_cpu:>7.2f}", flush=True)
    finally:
        nginx.stop()


def median_milliseconds(client: rest_world.Client, path: str, times: int = 400) -> float:
    """Of one request after the other on one connection, without an HTTP library that costs more than the server."""
    request = (f"GET {client.base}{path} HTTP/1.1\r\nHost: localhost\r\n"
               f"Authorization: Bearer {client.token}\r\n\r\n").encode()
    seconds = []
    with client.context.wrap_socket(socket.create_connection(("localhost", client.port)),
                                    server_hostname="localhost") as connection:
        for _ in range(times):
            start = time.perf_counter()
            connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer or len(answer) < whole_length(answer):
                answer += connection.recv(65536)
            seconds.append(time.perf_counter() - start)
            assert answer.startswith(b"HTTP/1.1 200 "), answer
    return statistics.median(seconds) * 1000


def whole_length(answer: bytes) -> int:
    head = answer.index(b"\r\n\r\n") + 4
    return head + int(re.search(rb"(?i)content-length: (\d+)", answer[:head])[1])


def fill(catalog: pathlib.Path, services: int, providers: int):
    """As many Services as that many other providers would have made."""
    database = sqlite3.connect(catalog, timeout=30)
    owners = [str(uuid.uuid4()) for _ in range(providers)]
    with database:
        database.executemany(
            "INSERT INTO entity (id, kind, provider, parent, position, document) VALUES (?, 2, ?, NULL, ?, ?)",
            ((i := str(uuid.uuid4()), owner := owners[n % providers], f"2026-01-01T00:00:00.{n:06d}Z",
              json.dumps({"name": f"Service {n}", "id": i, "creationDate": "2026-01-01T00:00:00.000Z",
                          "sdAid": f"D276000163535344{n:016X}", "spId": owner})) for n in range(services)))
    database.close()


def flatness(running: rest_world.RestStack, client: rest_world.Client, path: str, services: int):
    paths = {"one object": path, "list of 20": "/services"}
    before = {name: median_milliseconds(client, p) for name, p in paths.items()}
    fill(running.data / "catalog.db", services, 100)
    print(f"\n{'median of GET, ms':>20} {'almost empty':>14} {f'{services} Services':>18} {'factor':>7}")
    for name, p in paths.items():
        after = median_milliseconds(client, p)
        print(f"{name:>20} {before[name]:>14.2f} {after:>18.2f} {after / before[name]:>7.2f}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=int, default=5, help="of each measurement")
    options.add_argument("--services", type=int, default=200000)
    chosen = options.parse_args()
    build = pathlib.Path(os.environ.get("TSMS_BUILD", ROOT / "build-release"))
    with tempfile.TemporaryDirectory(prefix="tsms-bench-") as folder:
        running = rest_world.RestStack(build, pathlib.Path(folder))
        try:
            running.start()
            running.server.stop()
            running.configure("rest", connections_per_address=2 * max(CONNECTIONS))  # all of them come from one
            running.start_server("rest")
            client = running.client("1.0")
            made = [client.good("POST", "/services", {"name": f"S{n}"})["id"] for n in range(20)]
            beside_nginx(running, client, f"/services/{made[0]}", chosen.seconds)
            flatness(running, client, f"/services/{made[0]}", chosen.services)
            client.close()
        finally:
            running.stop()


main()
