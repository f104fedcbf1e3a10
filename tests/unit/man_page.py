"""docs/man/kvsim.1 and --help name the same commands and the same options: man_page.py PAGE KVSIM..."""

import re
import subprocess
import sys

page, kvsim = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2:]
EVERY = {"help", "usage", "version", "state"}  # in the page's section OPTIONS


def run(*args):
    return subprocess.run([*kvsim, *args], capture_output=True, text=True, check=True).stdout


def entry(command):
    """The part of the page that begins with the command's name, up to the next .TP or .SH."""
    found = re.search(rf"(?ms)^\.B {command}(?![a-z-]).*?(?=^\.(?:TP|SH))", page)
    return found.group(0) if found else ""


wrong = 0
commands = re.findall(r"(?m)^  ([a-z]+) +\S", run("--help"))
for command in commands:
    helped = set(re.findall(r"(?m)^ +(?:-\w, )?--([a-z-]+)", run(command, "--help"))) - EVERY
    named = {o.replace("\\-", "-") for o in re.findall(r"(?:\\fB| )\\-\\-((?:[a-z]|\\-)+)(?=\\f| )", entry(command).split("\\fBup ")[0])}
    for option in sorted(helped ^ named):
        print(f"kvsim {command} --{option}: only in {'--help' if option in helped else 'the man page'}")
        wrong = 1
    if not entry(command):
        print(f"the man page has no entry for kvsim {command}")
        wrong = 1
for name in set(re.findall(r"(?m)^\.B ([a-z]+)", page.split(".SH COMMANDS")[1].split(".SH FILES")[0])) - set(commands):
    print(f"the man page has a command '{name}', kvsim has not")
    wrong = 1
if len(commands) < 10:
    sys.exit("kvsim --help lists no commands")
sys.exit(wrong)
