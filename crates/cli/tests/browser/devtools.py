"""Chromium, driven by the DevTools protocol over pipes, with nothing but the standard library. It trusts any certificate, and names
under `example` have the address of this machine."""

import base64
import json
import os
import select
import subprocess
import tempfile
import time


class Browser:
    """A headless Chromium. Each page has an origin of its own storage."""

    def __init__(self):
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

        def descriptors():
            os.dup2(to_browser, 103)
            os.dup2(from_browser, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        self._process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--no-first-run", "--ignore-certificate-errors", "--host-resolver-rules=MAP *.example 127.0.0.1", "--remote-debugging-pipe", "--lang=en-US", f"--user-data-dir={self._profile.name}", "about:blank"],
            preexec_fn=descriptors, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._last, self._answers = b"", 0, {}
        # The URLs that each page has asked for, by its session.
        self.requested = {}

    def call(self, method, session=None, **params):
        """Calls a method and returns its result."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data):]
        deadline = time.monotonic() + 60
        while self._last not in self._answers:
            ready, _, _ = select.select([self._in], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(method)
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise EOFError("chromium has ended")
            *whole, self._buffer = (self._buffer + piece).split(b"\0")
            for text in whole:
                answer = json.loads(text)
                if "id" in answer:
                    self._answers[answer["id"]] = answer
                elif answer["method"] == "Network.requestWillBeSent":
                    self.requested.setdefault(answer["sessionId"], []).append(answer["params"]["request"]["url"])
                elif answer["method"] == "Network.webSocketCreated":
                    self.requested.setdefault(answer["sessionId"], []).append(answer["params"]["url"])
        answer = self._answers.pop(self._last)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def page(self, url, width=1000, height=700, dark=False, language="en-US"):
        """Opens a page in a context of its own, as another person would."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        page.call("Page.enable")
        page.call("Network.enable")
        page.look(width, height, dark)
        page.call("Emulation.setLocaleOverride", locale=language)
        page.call("Emulation.setUserAgentOverride", userAgent="test", acceptLanguage=language)
        page.call("Page.navigate", url=url)
        page.until("location.href !== 'about:blank' && document.readyState === 'complete'")
        return page

    def close(self):
        self._process.terminate()
        self._process.wait()
        self._profile.cleanup()


class Page:
    """One page of a browser."""

    def __init__(self, browser, session):
        self._browser, self._session = browser, session

    def call(self, method, **params):
        return self._browser.call(method, self._session, **params)

    def look(self, width, height, dark):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        scheme = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, script):
        """Returns the value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def requested(self):
        """Returns the URLs that the page has asked for."""
        return self._browser.requested.get(self._session, [])

    def type(self, text):
        """Types into the field with the focus, as a person would."""
        self.call("Input.insertText", text=text)

    def until(self, script, seconds=60):
        """Waits until a JavaScript expression is true."""
        deadline = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{script}\n{self.run('document.body.innerText')}")
            time.sleep(0.05)

    def fill(self, field, text):
        """Types into a field and submits its form."""
        self.run(f"{field}.value = {json.dumps(text)}; {field}.form.requestSubmit(); 1")

    def say(self, text):
        self.fill("document.getElementById('line')", text)

    def messages(self):
        """Returns the shown messages, as [name, text]."""
        return self.run("[...document.querySelectorAll('#log li')].filter((item) => item.querySelector('.from'))"
                        ".map((item) => [item.querySelector('.from').textContent,"
                        " item.querySelector('div').textContent.slice(item.querySelector('.from').textContent.length)])")

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
