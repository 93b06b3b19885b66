"""The panels of the globe in a real browser: mouse, touch and keys."""

import numpy as np
import pytest
from globes import MINUTES, SITE, picture

from gpuprop import Propagator, look_angles

pytestmark = pytest.mark.slow  # each draws in software


def test_hover_and_click_name_a_satellite(page):
    page.to(100.0)
    script = """() => {
      for (let i = 0; i < gpuprop.world.orbits.count; i++) {
        const {x, y, hidden} = gpuprop.screen(i);
        if (!hidden && x > 320 && x < 600 && y > 100 && y < 500
            && gpuprop.world.nearest(x, y, 12) === i) return {i, x, y};
      }
    }"""
    found = page(script)
    page.page.mouse.move(found["x"], found["y"])
    page.page.wait_for_selector("#tip:not([hidden])")
    own = page(f"gpuprop.world.details({found['i']})")
    said = page.text("#tip")
    assert own["name"] in said and str(own["number"]) in said
    assert f"{own['altitude']:,.0f} km" in said and f"{own['speed']:.2f} km/s" in said
    assert "0.0 days" in said
    page.page.mouse.click(found["x"], found["y"])
    page("gpuprop.draw()")
    assert page.text("#name") == own["name"] and str(own["number"]) in page.text("#number")
    assert page("gpuprop.world.chosen") == [found["i"]]
    page.page.keyboard.press("Escape")
    assert page("gpuprop.world.chosen") == []


def test_an_orbit_is_drawn_in_both_views(page):
    page("gpuprop.world.sites.sites.splice(0), gpuprop.world.shown[0].fill(false)")
    page("gpuprop.world.camera.goal = gpuprop.world.camera.distance = 150000")
    for _ in range(2):
        before = picture(page)
        page("gpuprop.world.choose(gpuprop.world.search('geostationary')[0])")
        after = picture(page)
        assert (np.abs(after - before).max(axis=-1) > 0.1)[60:520, 280:620].sum() >= 20
        page("gpuprop.world.choose(-1)")
        page.page.keyboard.press("e")
    assert page("gpuprop.world.camera.fixed") is False  # pressed twice


def test_search_by_name_and_number_and_follow(page):
    page.page.keyboard.press("/")
    page.page.keyboard.type("moln")
    assert "MOLNIYA" in page.text("#found")
    page.page.keyboard.press("Enter")
    assert page.text("#name") == "MOLNIYA" and page("gpuprop.world.following")
    page.page.fill("#search", "90004")
    page.page.keyboard.press("Enter")
    assert page.text("#name") == "GEOSTATIONARY"
    page.to(600.0)
    place = page("gpuprop.screen(gpuprop.world.current)")
    camera = page("({...gpuprop.world.camera})")
    centre = (camera["width"] / 2 + camera["shift"], camera["height"] / 2 - camera["rise"])
    assert abs(place["x"] - centre[0]) < 3 and abs(place["y"] - centre[1]) < 3
    page.page.fill("#search", "nobody of this name")
    assert "No satellite" in page.text("#found")
    page.page.fill("#search", "walker")  # the two shells
    assert page.page.locator("#found [role=option]").count() == 12
    assert "and 648 more" in page.text("#found")


def test_the_legend_counts_and_switches_groups(page, satellites):
    for name in ("operator", "shell", "altitude", "status"):
        page.page.select_option("#grouping", label=name.capitalize())
        counts = page.page.locator(".group .count").all_text_contents()
        assert sum(int(count.replace(",", "")) for count in counts) == len(satellites)
    page.page.select_option("#grouping", label="Shell")
    labels = page.page.locator(".group .label").all_text_contents()
    assert labels[0] == "550 km, 53.0°" and labels[1] == "1,200 km, 87.9°"
    page.page.locator(".group").first.click()
    assert page.text("#count") == "184 of 664 satellites"
    assert (
        page("gpuprop.world.data.numbers.map((_, i) => gpuprop.world.shows(i))").count(True) == 184
    )
    page.page.locator(".group").nth(1).dblclick()
    assert page.text("#count") == "180 of 664 satellites"
    page.page.click("#every")
    assert page.text("#count") == "664 satellites"
    page.page.locator(".group").first.focus()
    page.page.keyboard.press("Shift+Enter")
    assert page.text("#count") == "480 of 664 satellites"


def test_time_goes_to_any_instant_and_both_ways(page):
    box = page.page.locator("#scrubber").bounding_box()
    page.page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2)
    half = MINUTES * 30
    assert abs(page("gpuprop.world.clock.now") - half) < 0.02 * MINUTES * 60
    page.to(half)
    assert page.text("#time") == "00:20:00" and page.text("#date") == "2026-01-01"
    for rate, sign in ((37.5, 1), (-2000, -1)):
        page.page.fill("#rate", str(rate))
        page.page.keyboard.press("Enter")
        before = page("gpuprop.world.clock.now")
        page("gpuprop.world.clock.pass(0.1)")
        assert page("gpuprop.world.clock.now") == before  # paused
        page(
            "gpuprop.world.clock.playing = true, gpuprop.world.clock.pass(0.1),"
            "gpuprop.world.clock.playing = false"
        )
        assert sign * (page("gpuprop.world.clock.now") - before) >= 0.1 * abs(rate) - 1e-6


def test_buttons_play_both_ways_and_pause(page):
    clock = "[gpuprop.world.clock.playing, gpuprop.world.clock.rate]"
    for button, rate in (("#back", -60), ("#play", 60), ("#back", -60)):
        page.page.click(button)
        assert page(clock) == [True, rate]
        assert page.page.get_attribute(button, "aria-label") == "Pause"
    page.page.click("#back")
    assert page(clock) == [False, -60]
    assert page.page.get_attribute("#back", "aria-label") == "Play backwards"
    page.page.click("#faster")
    assert page(clock)[1] == -120 and page.page.input_value("#rate") == "\u2212120"
    assert page.text("#pace") == "2 min a second"
    page.page.keyboard.press("r")
    assert page(clock) == [False, 120]


def test_the_hint_ends_when_the_globe_is_used(opened, globe):
    page = opened(globe)
    assert "Drag to turn" in page.text("#hint") and page.page.locator("#hint").is_visible()
    page.page.mouse.wheel(0, 10)
    page.page.wait_for_selector("#hint", state="hidden")


def test_sites_see_what_look_angles_sees(page, satellites):
    propagator = Propagator(satellites)
    t = 1234.5
    page.to(t)
    ns = round(page("gpuprop.world.data.start_ms") * 1e6 + t * 1e9)
    elevation = np.degrees(
        look_angles(propagator.states(np.datetime64(ns, "ns")), SITE).elevation[0, 0]
    )
    for least in (10, 25):
        page.page.fill("#least", str(least))
        page("gpuprop.draw()")
        views = page(
            "gpuprop.world.sites.inView(gpuprop.world.sites.sites[0],"
            "gpuprop.world.orbits.positions(gpuprop.world.clock.now), gpuprop.world.angle,"
            "() => true).map(view => gpuprop.world.data.numbers[view.index])"
        )
        sure = np.abs(elevation - least) > 0.02
        seen = set(satellites.sat_id[sure & (elevation > least)].tolist())
        assert seen and seen == set(views) & set(satellites.sat_id[sure].tolist())
        assert f"{len(views)} in view" in page.text("#sites")
    assert page.text("#marks .mark") == "Brasília"


def test_a_site_is_added_by_a_click(page):
    page.page.click("#add-site")
    camera = page("({...gpuprop.world.camera})")
    x, y = camera["width"] / 2 + camera["shift"], camera["height"] / 2 - camera["rise"]
    page.page.mouse.click(x, y)
    lat, lon = page("[gpuprop.world.sites.sites[1].lat, gpuprop.world.sites.sites[1].lon]")
    expected = np.degrees([camera["lat"], camera["lon"] - page("gpuprop.world.angle")])
    # the camera looks at the centre of the ellipsoid, and the latitude is geodetic
    assert abs(lat - expected[0]) < 0.3 and abs((lon - expected[1] + 180) % 360 - 180) < 0.3


def test_a_site_is_found_and_removed_in_its_list(page):
    page("gpuprop.draw()")
    page.page.click("#sites .title button.label")
    page("gpuprop.draw()")
    camera = page("({...gpuprop.world.camera})")
    place = page(
        "gpuprop.world.camera.project("
        "gpuprop.world.sites.constructor.position(gpuprop.world.sites.sites[0],"
        "gpuprop.world.angle))"
    )
    centre = (camera["width"] / 2 + camera["shift"], camera["height"] / 2 - camera["rise"])
    assert abs(place["x"] - centre[0]) < 2 and abs(place["y"] - centre[1]) < 2
    highest = page("Number(document.querySelector('#sites li').dataset.index)")
    page.page.locator("#sites li").first.click()
    assert page("gpuprop.world.chosen") == [highest]
    page.page.keyboard.press("Escape")
    page.page.click("#sites .title button.sign")
    page("gpuprop.draw()")
    assert page("gpuprop.world.sites.sites") == [] and not page.page.is_visible("#sites-panel")


def test_touch_and_phone(opened, globe):
    page = opened(
        globe,
        viewport=dict(width=390, height=780),
        has_touch=True,
        is_mobile=True,
        color_scheme="light",
    )
    assert page("document.documentElement.dataset.theme") == "light"
    page.page.tap("#show-legend")
    assert page.page.locator("#legend").is_visible()
    page.page.tap("#show-legend")
    assert not page.page.locator("#legend").is_visible()
    page("gpuprop.draw()")
    script = """() => {
      for (let i = 0; i < gpuprop.world.orbits.count; i++) {
        const {x, y, hidden} = gpuprop.screen(i);
        if (!hidden && x > 60 && x < 330 && y > 180 && y < 380
            && gpuprop.world.nearest(x, y, 24) === i) return {i, x, y};
      }
    }"""
    found = page(script)
    page.page.touchscreen.tap(found["x"], found["y"])
    assert page("gpuprop.world.chosen") == [found["i"]]
    page("gpuprop.draw()")
    for name in ("head", "bar", "card", "tools"):
        box = page.page.locator(f"#{name}").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page("document.documentElement.scrollWidth") <= 390
    before, touch = page("gpuprop.world.camera.goal"), page.context.new_cdp_session(page.page)
    for kind, half in (
        ("touchStart", 20),
        ("touchMove", 40),
        ("touchMove", 60),
        ("touchEnd", None),
    ):
        points = [] if half is None else [dict(x=195 - half, y=280), dict(x=195 + half, y=280)]
        touch.send("Input.dispatchTouchEvent", dict(type=kind, touchPoints=points))
    # the height goes with the inverse of the distance of the fingers
    height = (page("gpuprop.world.camera.goal") - 6378.137) / (before - 6378.137)
    assert abs(height - 20 / 60) < 0.02
    assert page("gpuprop.world.chosen") == [found["i"]]  # a pinch is no click
    # a long press chooses one more
    page("gpuprop.draw()")
    other = page(script.replace("=== i)", f"=== i && i !== {found['i']})"))
    points = [dict(x=other["x"], y=other["y"])]
    touch.send("Input.dispatchTouchEvent", dict(type="touchStart", touchPoints=points))
    page.page.wait_for_timeout(600)
    touch.send("Input.dispatchTouchEvent", dict(type="touchEnd", touchPoints=[]))
    assert page("gpuprop.world.chosen") == [found["i"], other["i"]]


def test_keys(page):
    keys = page.page.keyboard
    keys.press(" ")
    assert page("gpuprop.world.clock.playing") is True
    keys.press(" ")
    before = page(
        "({lat: gpuprop.world.camera.lat, lon: gpuprop.world.camera.lon,"
        "goal: gpuprop.world.camera.goal, rate: gpuprop.world.clock.rate})"
    )
    for key in ("ArrowLeft", "ArrowUp", "+", "]", "t", "e"):
        keys.press(key)
    after = page(
        "({lat: gpuprop.world.camera.lat, lon: gpuprop.world.camera.lon,"
        "goal: gpuprop.world.camera.goal, rate: gpuprop.world.clock.rate})"
    )
    assert all(before[name] != after[name] for name in before) and after["goal"] < before["goal"]
    assert page("document.documentElement.dataset.theme") == "light"
    assert page("gpuprop.world.camera.fixed") is True
    assert page.page.get_attribute("#fixed", "aria-pressed") == "true"
    keys.press("0")
    view = page("({lat: gpuprop.world.camera.lat, goal: gpuprop.world.camera.goal})")
    assert all(before[name] == view[name] for name in view)
    assert page("gpuprop.world.camera.fixed") is False
    # in the statement of the data, keys scroll and close
    page("gpuprop.world.choose(3)")
    keys.press("?")
    keys.press("ArrowDown")
    keys.press("Escape")
    assert not page.page.is_visible("#about") and page("gpuprop.world.chosen") == [3]
    assert page("gpuprop.world.camera.lat") == before["lat"]
