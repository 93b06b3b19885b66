"""The globe in a real browser: what it draws, what it says, and that it needs no network."""

import io
import itertools
from pathlib import Path

import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest
from browsers import Opened

import gpuprop
from gpuprop import Elements, Propagator, Site, look_angles, view
from gpuprop.elements.fields import FIELDS

pytestmark = pytest.mark.slow  # each draws in software

EPOCH = "2026-01-01T00:00:00Z"
SITE = Site(-15.79, -47.88, 1.17, "Brasília")
MINUTES = 40
TEN = [i * MINUTES * 60 / 9.3 for i in range(10)]  # s, between the knots


def eccentric_and_high() -> Elements:
    """A transfer orbit, Molniya's, one of navigation, one geostationary."""
    rows = [
        ("TRANSFER", 2.3, 0.73, 27.0, 10.0),
        ("MOLNIYA", 2.006, 0.72, 63.4, 350.0),
        ("NAVIGATION", 2.0057, 0.01, 55.0, 40.0),
        ("GEOSTATIONARY", 1.0027, 0.0002, 0.1, 90.0),
    ]
    columns = {
        "OBJECT_NAME": [row[0] for row in rows],
        "NORAD_CAT_ID": [90001 + i for i in range(len(rows))],
        "EPOCH": np.full(len(rows), np.datetime64("2026-01-01T00:00:00", "ns")),
        "MEAN_MOTION": [row[1] for row in rows],
        "ECCENTRICITY": [row[2] for row in rows],
        "INCLINATION": [row[3] for row in rows],
        "RA_OF_ASC_NODE": [30.0] * len(rows),
        "ARG_OF_PERICENTER": [270.0] * len(rows),
        "MEAN_ANOMALY": [row[4] for row in rows],
    }
    return Elements({name: np.array(values, FIELDS[name][0]) for name, values in columns.items()})


@pytest.fixture(scope="module")
def satellites() -> Elements:
    shells = [
        gpuprop.walker("53:480/24/7", altitude_km=550.0, epoch=EPOCH),
        gpuprop.walker("87.9:180/12/1", altitude_km=1200.0, epoch=EPOCH, kind="star"),
    ]
    return Elements.concat([eccentric_and_high(), *shells])


@pytest.fixture(scope="module")
def globe(satellites: Elements, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("globe")
    made = view(satellites, start=EPOCH, duration=f"{MINUTES}min", sites=SITE, title="Test & globe")
    return made.save(folder / "globe.html")


RESET = """() => {
  const {world} = gpuprop, {camera} = world;
  Object.assign(world, {following: false, grouping: 0, hovered: -1, adding: false, theme: "dark"});
  Object.assign(world.clock, {playing: false, rate: 60, now: 0});
  camera.setFixed(false, world.angle);
  Object.assign(camera, start.camera);
  world.shown.forEach(shown => shown.fill(true));
  world.sites.sites.splice(0, Infinity, ...start.sites);
  world.sites.least = 25;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  document.activeElement.blur();
  world.choose(-1);
  gpuprop.draw();
}"""


@pytest.fixture(scope="module")
def shared_page(browser, globe):
    page = Opened(browser, globe)
    page(
        "const {lat, lon, distance, goal} = gpuprop.world.camera;"
        "const sites = [...gpuprop.world.sites.sites];"
        "globalThis.start = {camera: {lat, lon, distance, goal}, sites}"
    )
    yield page
    page.context.close()


@pytest.fixture
def page(shared_page):
    """The globe as it is when it opens, paused at its first instant."""
    shared_page(RESET)
    shared_page.page.mouse.move(5, 600)
    yield shared_page
    shared_page.check()


def picture(page) -> np.ndarray:
    """Return the pixels (height, width, 3), from 0 to 1."""
    page("gpuprop.draw()")
    return matplotlib.image.imread(io.BytesIO(page.page.screenshot()))[..., :3]


def page_order(page, elements: Elements) -> np.ndarray:
    """Return the index in the element sets of each satellite of the page."""
    place = {number: i for i, number in enumerate(elements.sat_id.tolist())}
    return np.array([place[number] for number in page("gpuprop.world.data.numbers")])


def apart(page, propagator: Propagator, t: float, drawn: bool) -> np.ndarray:
    """Return the distances (n,) in m of the page's positions from the exact states."""
    ns = round(page("gpuprop.world.data.start_ms") * 1e6) + round(t * 1e9)
    exact = propagator.states(np.datetime64(ns, "ns")).position[0]
    script = f"Array.from(gpuprop.{'drawn' if drawn else 'world.orbits.positions'}({t}))"
    own = np.array(page(script), np.float64).reshape(-1, 3)
    return 1000.0 * np.linalg.norm(own - exact[page_order(page, propagator.elements)], axis=1)


def test_positions_are_those_of_states(page, satellites):
    """At ten instants, as the page computes them and as the GPU draws them."""
    propagator = Propagator(satellites)
    for t in TEN:
        assert apart(page, propagator, t, False).max() < 100.0
        assert apart(page, propagator, t, True).max() < 100.0
    steps = {round(float(np.diff(times).max())) for times in track_times(page)}
    assert 120 <= min(step for step in steps if step >= 120) <= 150 and max(steps) >= 600


def track_times(page) -> list[list[float]]:
    return page("gpuprop.world.orbits.tracks.map(track => Array.from(track.times))")


def test_a_real_catalogue_is_within_100_metres(opened, shared_data, tmp_path):
    elements = gpuprop.read_elements(shared_data / "celestrak_2026-09_omm.csv", on_error="skip")
    elements = elements.latest()
    elements = elements[~np.isin(elements.sat_id, elements.duplicates)]
    globe = view(elements, duration="30min")
    page, propagator = opened(globe.save(tmp_path / "globe.html")), Propagator(elements)
    start = np.datetime64(round(page("gpuprop.world.data.start_ms") * 1e6), "ns")
    good = propagator.states(start + np.arange(31) * np.timedelta64(60, "s")).status.max(axis=0)
    decaying = elements.fields["MEAN_MOTION_DOT"].astype(float) > 0.02  # rev/day^2
    kept = (good == 0) & ~decaying
    assert kept.sum() > 850
    for t in np.linspace(1.0, 1795.0, 10).tolist():
        assert apart(page, propagator, t, True)[kept[page_order(page, elements)]].max() < 100.0


def test_velocity_altitude_and_light_are_those_of_states(page, satellites):
    propagator = Propagator(satellites)
    t = 777.0
    at = np.datetime64(round(page("gpuprop.world.data.start_ms") * 1e6 + t * 1e9), "ns")
    states = propagator.states(at, sunlit=True)
    ground = propagator.states(at, "geodetic")
    order = page_order(page, satellites)
    found = page(f"gpuprop.world.data.numbers.map((_, i) => gpuprop.world.details(i, {t}))")
    speed = np.linalg.norm(states.velocity[0], axis=1)[order]
    assert np.abs(speed - [each["speed"] for each in found]).max() < 0.002
    # without polar motion, places on the ground are up to 15 m off
    for name, column, limit in (("altitude", "height", 0.1), ("lat", "lat", 2e-3)):
        own = np.array([each[name] for each in found])
        assert np.abs(getattr(ground, column)[0][order] - own).max() < limit
    turn = ground.lon[0][order] - [each["lon"] for each in found]
    assert np.abs((turn + 180.0) % 360.0 - 180.0).max() < 0.01
    light = np.array([each["light"] for each in found])
    code = np.select([light == 0.0, light < 1.0], [0, 1], 2)
    sure = (light == 0.0) | (light == 1.0)
    assert (code == states.sunlit[0][order])[sure].mean() > 0.99 and 0 in code and 2 in code


def test_a_picture_shows_the_earth_and_points(page):
    whole = picture(page)
    page(
        "gpuprop.world.shown[0].fill(false), gpuprop.world.sites.sites.splice(0),"
        "gpuprop.world.update()"
    )
    bare = picture(page)
    sky = bare[300, 300]  # between the panels, beside the Earth
    centre = page("[gpuprop.world.camera.width / 2 + gpuprop.world.camera.shift, 320]")
    disc = bare[250:390, int(centre[0]) - 90 : int(centre[0]) + 90]
    assert np.abs(disc - sky).max(axis=-1).mean() > 0.08  # the Earth is brighter than the sky
    assert disc.reshape(-1, 3).std(axis=0).max() > 0.02  # with land, water, lines
    points = np.abs(whole - bare).max(axis=-1) > 0.15
    assert points[100:520, 290:].sum() > 500
    outside = np.abs(bare - sky).max(axis=-1) < 0.02
    assert (points & outside)[60:540, 290:630].sum() > 30  # and some are beside the Earth


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


def test_the_statement_of_the_data(page):
    page.page.click("#info")
    said = page.text("#statement")
    for words in (
        "TEME",
        "polar motion",
        "cubic Hermite",
        "every 150 s",
        "median",
        "at most",
        "wgs72",
        "Natural Earth",
        "EOP",
        "664",
    ):
        assert words in said
    assert page.page.title() == "Test & globe"


HOSTILE = [
    "<script>window.hacked = 1</script>",
    "</script><img src=x onerror='window.hacked = 1'>",
    "\"'`${window.hacked = 1}&lt;",
    "\u202eevil\u2066 שלום",
    "x" * 10_000,
    "{{bytes}} \\u003c \x00\x1b",
]


def test_hostile_names_are_text(opened, tmp_path):
    shell = gpuprop.walker("53:24/3/1", altitude_km=550.0, epoch=EPOCH)
    names = list(itertools.islice(itertools.cycle(HOSTILE), len(shell)))
    elements = Elements(dict(shell.fields) | {"OBJECT_NAME": np.array(names, object)})
    site = Site(0.0, 0.0, 0.0, HOSTILE[0])
    globe = view(elements, duration="5min", title=HOSTILE[1], sites=site, sources=[HOSTILE[0]])
    page = opened(globe.save(tmp_path / "globe.html"))
    elements_before = page("document.querySelectorAll('*').length")
    assert sorted(page("gpuprop.world.data.names")) == sorted(names)
    for i, name in enumerate(page("gpuprop.world.data.names")[:24]):
        page(f"gpuprop.world.choose({i}), gpuprop.draw()")
        assert page.text("#name") == name
    for name in HOSTILE:
        page("name => gpuprop.world.search(name)", name)
        page.page.fill("#search", name[:40].replace("\x00", ""))
    page.page.fill("#search", "")
    page.page.click("#info")
    assert page("window.hacked") is None
    assert page("document.querySelectorAll('img, #found script').length") == 0
    assert page("document.querySelectorAll('script').length") == 2
    assert page("document.querySelectorAll('*').length") < elements_before + 100
    assert page("document.documentElement.scrollWidth") <= 900
    assert page.page.title() == HOSTILE[1]


def test_coverage_is_a_layer(opened, satellites, tmp_path):
    lat, lon = np.meshgrid(np.arange(-85.0, 90.0, 10.0), np.arange(-175.0, 180.0, 10.0))
    cells = pa.table(
        {
            "lat": lat.ravel(),
            "lon": lon.ravel(),
            "visible_mean": np.abs(lat.ravel()) / 10.0,
            "covered": (lon.ravel() > 0.0).astype(float),
        }
    )
    globe = view(satellites, start=EPOCH, duration="5min", coverage=cells)
    page = opened(globe.save(tmp_path / "globe.html"))
    assert page("gpuprop.world.data.groups[gpuprop.world.grouping].name") == "shell"
    page("gpuprop.world.shown[gpuprop.world.grouping].fill(false), gpuprop.world.update()")
    layered = picture(page)
    assert page.text("#low") == "0.5" and page.text("#high") == "8.5"
    page.page.select_option("#layer", label="Share of time covered")
    other = picture(page)
    page.page.select_option("#layer", label="None")
    none = picture(page)
    for a, b in itertools.combinations((layered, other, none), 2):
        assert (np.abs(a - b).max(axis=-1) > 0.1).sum() > 5000


def test_a_notebook_shows_it_inline(opened, satellites, tmp_path):
    """Within the frame of a page that itself requests nothing."""
    made = view(satellites, start=EPOCH, duration="5min")
    outer = tmp_path / "notebook.html"
    outer.write_text(
        f"<!doctype html><link rel=icon href='data:,'><body data-ready>{made._repr_html_()}"
        "<script>globalThis.gpuprop = {world: {clock: {}, update() {}}}</script>",
        "utf-8",
    )
    page = opened(outer)
    page.page.frame_locator("iframe").locator("body[data-ready]").wait_for()
    frame = page.page.frames[1]
    assert frame.evaluate("gpuprop.world.orbits.count") == len(satellites)
    page.requests[:] = [url for url in page.requests if url != "about:srcdoc"]


def test_a_browser_without_webgl_is_told(browser, globe):
    page = browser.new_context().new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(globe.as_uri())
    page.wait_for_selector("#problem:not([hidden])")
    assert "WebGL 2" in page.text_content("#problem")
    page.context.close()
