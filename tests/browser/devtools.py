"""A browser without a window, led over the pipe of its DevTools: load a page, ask it, press keys, print it."""

import base64
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from helpers.workbook.browser import Browser, end

PATIENCE = 60  # seconds for one answer
# The browser reads orders from descriptor 3 and answers on 4.
ON_PIPE = """
import fcntl, os, sys
ours = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for own, its in zip(ours, (3, 4)):
    os.dup2(own, its)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class DevTools:
    """One tab of a headless browser; `events` are all it told since the last `load`."""

    def __init__(self, browser: Browser, profile: Path):
        its_orders, self._orders = os.pipe()
        self._answers, its_answers = os.pipe()
        command = [*browser.command(profile), "--remote-debugging-pipe", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", ON_PIPE, str(its_orders), str(its_answers), *command],
            pass_fds=(its_orders, its_answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(its_orders)
        os.close(its_answers)
        self._unread, self._number, self._session, self.events = b"", 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        end(self._process)
        os.close(self._orders)
        os.close(self._answers)

    def ask(self, method: str, **parameters) -> dict:
        """Give one order and wait for its answer."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        order |= {"sessionId": self._session} if self._session else {}
        unsent = json.dumps(order).encode() + b"\0"
        while unsent:
            unsent = unsent[os.write(self._orders, unsent) :]
        while True:
            told = self._next()
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']['message']}")
                return told["result"]

    def load(self, page: Path, *, width: int = 1200) -> None:
        """Open a page of this disk in a window so wide, and wait until all of it is there."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.events.clear()
        self.ask("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._next()

    def value(self, script: str) -> object:
        """What a script says in the page."""
        told = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"]["exception"].get("description", "a script failed"))
        return told["result"].get("value")

    def press_tab(self) -> None:
        """Press and let go the tabulator key."""
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)

    def pdf(self) -> bytes:
        """The page printed with its own style."""
        return base64.b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])

    def complaints(self) -> list[str]:
        """Errors and warnings of the console and of scripts since the page was loaded."""
        self.value("1")
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [json.dumps(event) for event in self.events if event["method"] in kinds]

    def requests(self) -> list[str]:
        """Every address that was asked for since the page was loaded; pictures inside the page are none."""
        asked = [event for event in self.events if event["method"] == "Network.requestWillBeSent"]
        addresses = [event["params"]["request"]["url"] for event in asked]
        return [address for address in addresses if not address.startswith("data:")]

    def _next(self) -> dict:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._unread:
            if not select.select([self._answers], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("The browser does not answer.")
            got = os.read(self._answers, 1 << 20)
            if not got:
                raise RuntimeError(f"The browser ended with code {self._process.wait()}.")
            self._unread += got
        told, self._unread = self._unread.split(b"\0", 1)
        told = json.loads(told)
        if "method" in told:
            self.events.append(told)
        return told
