"""Who looks at which image."""

from maskwright.labelling import presence


def test_a_page_is_at_one_image_and_sees_the_others_there(monkeypatch) -> None:
    now = 100.0
    monkeypatch.setattr(presence.time, "monotonic", lambda: now)
    there = presence.Presence()
    assert there.sign(1, "tab-a", "ada") == []
    assert there.sign(1, "tab-b", "ben") == ["ada"]
    assert there.sign(1, "tab-c", "ada") == ["ben"], "a person's own pages are not others"
    assert there.sign(2, "tab-a", "ada") == []
    assert there.sign(1, "tab-b", "ben") == ["ada"]
    now += presence.LEASE + 1
    assert there.sign(1, "tab-d", "cleo") == []
