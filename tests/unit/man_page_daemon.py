"""A daemon's man page and its --help name the same options: man_page_daemon.py PAGE DAEMON..."""

import re
import subprocess
import sys

page, daemon = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2:]
text = subprocess.run([*daemon, "--help"], capture_output=True, text=True, check=True).stdout
helped = set(re.findall(r"(?m)^ +(?:-\S, )?--([a-z-]+)", text))
options = page.split(".SH OPTIONS")[1].split(".SH ENVIRONMENT")[0].replace("\\-", "-")
named = set(re.findall(r"(?m)^\.B --([a-z-]+)", options)) | set(re.findall(r"\\fB--([a-z-]+)", options))
for option in sorted(helped ^ named):
    print(f"--{option}: only in {'--help' if option in helped else 'the man page'}")
sys.exit(0 if len(helped) > 10 and helped == named else 1)
