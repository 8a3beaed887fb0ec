"""Own points in the browser: what cannot be learned is said, and nothing else is trained in its place."""

from __future__ import annotations

import pytest
from tests.app.test_browser import (  # noqa: F401
    Open,
    browser,
    open_page,
    pytestmark,
    when,
)


@pytest.mark.parametrize("button", ["Start", "One step"])
def test_own_points_of_one_class_train_nothing(open_page: Open, button: str) -> None:  # noqa: F811
    page = open_page("plane")
    view = page.locator(".view.plane")
    when(page, "document.querySelector('.view.plane').dataset.state === 'paused'")
    view.get_by_role("button", name="Place points", exact=True).click()
    view.get_by_role("button", name=button, exact=True).click()
    page.wait_for_timeout(300)
    assert view.locator(".state").inner_text() == "Place points of at least two classes."
    assert view.get_attribute("data-state") == "paused"
    assert "step 0" in view.locator(".where").inner_text()
