"""The globe in a real browser: what it draws, what it says, and that it needs no network."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from globes import EPOCH, MINUTES, picture

import gpuprop
from gpuprop import Elements, Propagator, Site, view
from gpuprop.viewer.groups import Groups

pytestmark = pytest.mark.slow  # each draws in software

TEN = [i * MINUTES * 60 / 9.3 for i in range(10)]  # s, between the knots


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


def test_it_is_night_where_the_sun_is_below_the_horizon(page):
    """The same place under the Sun, and with the Sun on the other side."""
    page(
        "() => {const {world} = gpuprop; world.shown[0].fill(false); world.sites.sites.splice(0);"
        "Object.assign(world.camera, {lat: 0, lon: Math.atan2(world.sun[1], world.sun[0])})}"
    )
    turn_sun = "for (const sun of gpuprop.world.data.sun) sun.forEach((part, i) => sun[i] = -part)"
    means = []
    for _ in range(2):
        bare = picture(page)
        camera = page("({...gpuprop.world.camera})")
        x = round(camera["width"] / 2 + camera["shift"])
        y = round(camera["height"] / 2 - camera["rise"])
        means.append(float(bare[y - 60 : y + 60, x - 60 : x + 60].mean()))
        page(f"() => {{{turn_sun}}}")
    assert means[1] < 0.5 * means[0]


def test_satellites_in_shadow_are_dimmed(page):
    """Of those that are seen alone, beside the Earth: the brightest pixel of each."""
    page("gpuprop.world.sites.sites.splice(0), gpuprop.world.update()")
    page("gpuprop.world.camera.lon = 0.8 + Math.atan2(gpuprop.world.sun[1], gpuprop.world.sun[0])")
    pixels = picture(page).max(axis=-1)
    count = page("gpuprop.world.orbits.count")
    seen = page(
        "Array.from({length: gpuprop.world.orbits.count}, (_, i) => ({...gpuprop.screen(i),"
        "light: gpuprop.world.details(i).light}))"
    )
    place = np.array([[each["x"], each["y"]] for each in seen])
    inside = (place[:, 0] > 300) & (place[:, 0] < 640) & (place[:, 1] > 70) & (place[:, 1] < 520)
    apart = np.linalg.norm(place[:, None] - place[None], axis=-1) + 99.0 * np.eye(count)
    camera = page("({...gpuprop.world.camera, radius: gpuprop.world.camera.radius})")
    centre = (camera["width"] / 2 + camera["shift"], camera["height"] / 2 - camera["rise"])
    beside = np.linalg.norm(place - centre, axis=1) > camera["radius"] * 1.04
    brightness: dict[float, list[float]] = {0.0: [], 1.0: []}
    for i in np.flatnonzero(inside & beside & (apart.min(axis=1) > 8.0)):
        if not seen[i]["hidden"] and seen[i]["light"] in brightness:
            x, y = place[i].round().astype(int)
            brightness[seen[i]["light"]].append(float(pixels[y - 2 : y + 3, x - 2 : x + 3].max()))
    dark, lit = (np.array(brightness[light]) for light in (0.0, 1.0))
    assert len(dark) >= 5 and len(lit) >= 5
    assert np.median(dark) < 0.7 * np.median(lit)


def test_few_satellites_are_chosen_at_first(opened, satellites, tmp_path):
    for count, words in ((1, "1 satellite"), (3, "3 satellites")):
        globe = view(satellites[:count], start=EPOCH, duration="5min")
        page = opened(globe.save(tmp_path / f"{count}.html"))
        assert page("gpuprop.world.chosen") == list(range(count))
        assert page("gpuprop.world.following") == (count == 1)
        assert page.text("#count") == words and page.page.is_visible("#card")


def test_the_earth_stands_still_in_the_fixed_view(page):
    mark = (
        "t => {gpuprop.world.clock.to(t); gpuprop.draw(); const {world} = gpuprop;"
        "const p = world.sites.constructor.position(world.sites.sites[0], world.angle);"
        "const {x, y} = world.camera.project(p); return [x, y]}"
    )
    for key in ("", "e"):
        if key:
            page.page.keyboard.press(key)
        moved = np.linalg.norm(np.subtract(page(mark, 2000.0), page(mark, 0.0)))
        assert moved < 0.01 if key else moved > 10.0


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
    "{{bytes}} \\u003c \x00\x1b \u2028\u2029 --> ]]>",
]


def test_hostile_names_are_text(opened, tmp_path, monkeypatch):
    shell = gpuprop.walker("53:24/3/1", altitude_km=550.0, epoch=EPOCH)
    names = list(itertools.islice(itertools.cycle(HOSTILE), len(shell)))
    elements = Elements(dict(shell.fields) | {"OBJECT_NAME": np.array(names, object)})
    groups = [Groups(HOSTILE[0], HOSTILE, np.arange(len(shell), dtype=np.uint8) % len(HOSTILE))]
    monkeypatch.setattr("gpuprop.viewer.globe.groups_of", lambda *_: groups)
    sites = [Site(10.0 * i, 0.0, 0.0, name) for i, name in enumerate(HOSTILE)]
    globe = view(elements, duration="5min", title=HOSTILE[1], sites=sites, sources=HOSTILE)
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
    assert page.page.locator(".group .label").all_text_contents() == HOSTILE
    assert page.page.locator("#sites .title bdi").all_text_contents() == HOSTILE
    marks = page.page.locator("#marks .mark").all_text_contents()
    assert [mark[:20] for mark in marks] == [name[:20] for name in HOSTILE]
    page.page.click("#info")
    said = page.text("#statement")
    assert all(name[:300] in said for name in HOSTILE)
    assert page("window.hacked") is None
    assert page("document.querySelectorAll('img, #found script').length") == 0
    assert page("document.querySelectorAll('script').length") == 2
    assert page("document.querySelectorAll('*').length") < elements_before + 200
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
    # the colours span 90 % of the area: 3 % of it lies above 75 degrees of latitude
    assert page.text("#low") == "0.5" and page.text("#high") == "≥ 7.49"
    camera = page("({...gpuprop.world.camera})")
    x, y = camera["width"] / 2 + camera["shift"], camera["height"] / 2 - camera["rise"]
    page.page.mouse.move(x, y)
    degrees = abs(float(np.degrees(page("gpuprop.world.ground.lat"))))
    assert 10.0 < degrees < 30.0
    said = page.text("#tip").removeprefix("Satellites in view, mean")
    assert abs(float(said.split("At")[0]) - (np.floor(degrees / 10.0) + 0.5)) < 0.04
    page.page.mouse.move(5, 600)
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


def test_the_first_site_is_in_the_first_view(opened, globe):
    page = opened(globe)
    hidden = page(
        "gpuprop.world.camera.project(gpuprop.world.sites.constructor.position("
        "gpuprop.world.sites.sites[0], gpuprop.world.angle)).hidden"
    )
    assert not hidden and page.page.is_visible("#marks .mark")
