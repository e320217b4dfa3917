"""A warm Jupyter kernel as a peer: reads a line of JSON {"code": …}, runs it, answers the milliseconds."""

import json
import sys
import time

from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")


def execute(code):
    """From the request to the kernel being idle again, with its reply received."""
    began = time.perf_counter()
    message = client.execute(code)
    while True:
        reply = client.get_iopub_msg(timeout=60)
        if reply["parent_header"].get("msg_id") != message:
            continue
        if reply["msg_type"] == "error":
            raise RuntimeError(reply["content"]["evalue"])
        if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
            break
    client.get_shell_msg(timeout=60)
    return (time.perf_counter() - began) * 1000


execute("import duckdb, pandas; con = duckdb.connect()")
execute("%load_ext sql")
execute("%sql con --alias duckdb")
execute("%config SqlMagic.feedback = 0")
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    print(json.dumps({"ms": execute(json.loads(line)["code"])}), flush=True)
client.stop_channels()
manager.shutdown_kernel(now=True)
