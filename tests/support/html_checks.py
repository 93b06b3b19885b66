"""Checks of the HTML that objects show in notebooks."""

from html.parser import HTMLParser


class Balanced(HTMLParser):
    """Collects text; AssertionError if a tag is closed that is not open."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
