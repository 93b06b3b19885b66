"""A page of the globe in a browser."""

from pathlib import Path
from typing import Any

PATIENCE_MS = 120_000


class Opened:
    """A page in the browser, and what it did: messages, errors, requests."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.url = path.as_uri()
        self.context = browser.new_context(
            **dict(viewport=dict(width=900, height=640), color_scheme="dark") | options
        )
        self.context.route("**/*", self._request)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.goto(self.url)
        self.page.wait_for_selector("body[data-ready]")
        self("gpuprop.world.clock.playing = false, gpuprop.world.update()")

    def _request(self, route: Any) -> None:
        self.requests.append(route.request.url)
        if route.request.url == self.url:
            route.continue_()
        else:
            route.abort()

    def __call__(self, script: str, argument: Any = None) -> Any:
        """Run JavaScript in the page."""
        return self.page.evaluate(script, argument)

    def text(self, selector: str) -> str:
        """Return the text of an element."""
        return str(self.page.locator(selector).first.text_content())

    def to(self, seconds: float) -> None:
        """Show the time `seconds` after the start, and draw."""
        self(f"gpuprop.world.clock.to({seconds}), gpuprop.draw()")

    def check(self) -> None:
        """Check that there was no message on the console, no error and no other request."""
        assert self.messages == []
        assert self.requests == [self.url]
