"""What a person does on a page, counted: each click, each field that is filled, each key."""

from playwright.sync_api import Locator, Page


class Steps:
    """Performs steps on a page and counts them; what is not done through it is no step."""

    def __init__(self, page: Page) -> None:
        """Begin with no step."""
        self.page = page
        self.count = 0

    def click(self, target: Locator) -> None:
        """Click."""
        self.count += 1
        target.click()

    def follow(self, link: Locator) -> None:
        """Click, and wait until all of the next page has come."""
        with self.page.expect_navigation():
            self.click(link)

    def fill(self, target: Locator, text: str) -> None:
        """Fill a field; its script sees each letter, as where a person types."""
        self.count += 1
        target.press_sequentially(text)

    def replace(self, target: Locator, text: str) -> None:
        """Fill a field that has a value."""
        self.count += 1
        target.fill(text)

    def press(self, key: str) -> None:
        """Press a key."""
        self.count += 1
        self.page.keyboard.press(key)
