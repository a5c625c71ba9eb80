"""The built site in a real browser, from file://: what a reader sees and does."""

from __future__ import annotations

import re

import pytest

from gradproof.site import build
from symbolic.derivations import chapters

ACTIVATIONS = "formulas/10-activations.html"
TANH = "#activations-tanh"


def pages(site):
    return sorted(str(path.relative_to(site)) for path in site.rglob("*.html") if "_static" not in path.parts)


def test_no_page_complains_or_asks_another_host(site, open_page):
    complaints: list[str] = []
    for path in pages(site):
        open_page(path, complaints=complaints).wait_for_timeout(100)
    assert complaints == []


def test_a_request_to_another_host_would_be_heard(open_page):
    complaints: list[str] = []
    page = open_page(ACTIVATIONS, complaints=complaints)
    page.evaluate("new Image().src = 'http://example.invalid/pixel.png'")
    page.wait_for_timeout(300)
    assert any("example.invalid" in each for each in complaints)


def test_every_formula_of_every_chapter_is_laid_out(site, open_page):
    wanted = {record.id for chapter in chapters() for record in chapter.DERIVATIONS}
    seen = set()
    for path in (each for each in pages(site) if each.startswith("formulas/")):
        page = open_page(path)
        found = page.evaluate(
            """[...document.querySelectorAll("section.formula")].map(section => {
                const box = section.querySelector(".statement math").getBoundingClientRect();
                return [section.querySelector(".id").textContent, box.width, box.height];
            })"""
        )
        assert all(width > 20 and height > 10 for _, width, height in found), found
        seen |= {id for id, _, _ in found}
        assert page.locator("merror").count() == 0
    assert seen == wanted


def test_mathematics_is_mathml_with_its_tex_beside_it(open_page):
    page = open_page(ACTIVATIONS)
    annotations = page.locator(f"{TANH} .statement annotation[encoding='application/x-tex']")
    assert annotations.first.text_content().startswith(r"\frac{\mathrm{d}}{\mathrm{d} x}")


def test_a_derivation_unfolds_by_click_and_by_keyboard(open_page):
    page = open_page(ACTIVATIONS)
    fold = page.locator(f"{TANH} details").first
    steps = fold.locator("li")
    assert not steps.first.is_visible()
    fold.locator("summary").click()
    assert steps.first.is_visible()
    fold.locator("summary").press("Enter")
    assert not steps.first.is_visible()


def test_the_keyboard_reaches_every_fold(open_page):
    page = open_page(ACTIVATIONS)
    summaries = page.locator("summary").count()
    assert summaries > 10
    reachable = page.evaluate("[...document.querySelectorAll('summary')].filter(each => each.tabIndex === 0).length")
    assert reachable == summaries


def test_the_copy_button_copies_the_function(open_page):
    page = open_page(ACTIVATIONS)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fold = page.locator(f"{TANH} details", has_text="NumPy function")
    fold.locator("summary").click()
    fold.locator(".highlight").hover()
    fold.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    names: dict[str, object] = {}
    exec(copied, names)
    assert names["activations_tanh"](0.0) == 1.0


def test_the_badge_is_the_verdict(open_page):
    page = open_page(ACTIVATIONS)
    assert re.split(r"\s{2,}|\n", page.locator(f"{TANH} .badges").inner_text()) == [
        "proved for every size activations.tanh"
    ]


def found_by(page, query):
    """The links of a search, after it has finished."""
    page.locator("input[name=q]").first.fill(query)
    page.locator("input[name=q]").first.press("Enter")
    page.get_by_text(re.compile("Search finished|did not match")).wait_for()
    return page.locator("#search-results li a")


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("cell state", "60-lstm.html#lstm-dc"),
        ("update gate", "70-gru.html#gru-z"),
        ("reset gate's bias", "70-gru.html#gru-br"),
        ("hidden-to-output weights", "30-rnn.html#rnn-v"),
    ],
)
def test_search_leads_to_the_formula(open_page, query, place):
    """What stands first is a formula whose title has the words; the one looked for is among those."""
    page = open_page("index.html")
    links = found_by(page, query).all()
    found = [(link.text_content(), link.get_attribute("href")) for link in links]
    assert all(word in found[0][0] for word in query.replace("'", "’").split()), found[0]
    assert found[0][1].startswith(f"formulas/{place.split('#')[0]}"), found[:3]
    assert "#" in found[0][1]
    assert f"formulas/{place}" in [href for _, href in found]
    links[[href for _, href in found].index(f"formulas/{place}")].click()
    page.wait_for_url(f"**/{place}")
    assert page.locator(":target .badge.proved").count() == 1


def test_search_finds_a_formula_by_its_id(open_page):
    page = open_page("formulas/10-activations.html")
    found_by(page, "lstm.dc").first.click()
    page.wait_for_url("**/60-lstm.html#lstm-dc")
    assert page.locator(":target .id").text_content() == "lstm.dc"


def test_search_finds_nothing_for_nonsense(open_page):
    assert found_by(open_page("index.html"), "qwertzuiop").count() == 0


def test_a_reference_leads_to_its_formula(open_page):
    page = open_page("formulas/80-vanishing.html")
    page.get_by_role("link", name="(4.2)").click()
    assert page.url.endswith("40-bptt.html#bptt-jacobian-product")
    assert page.locator(":target .id").text_content() == "bptt.jacobian-product"


def test_every_picture_says_what_is_to_be_seen_and_stands_out(site, open_page):
    pictures = 0
    for path in (each for each in pages(site) if 'class="picture' in (site / each).read_text()):
        page = open_page(path)
        says = page.evaluate("[...document.querySelectorAll('.picture svg')].map(each => each.ariaLabel)")
        assert all(len(each) > 40 for each in says), (path, says)
        pictures += len(says)
    assert pictures >= 7


def test_the_unrolled_graph_labels_its_nodes_and_marks_the_paths(open_page):
    page = open_page("formulas/30-rnn.html")
    labels = page.locator(".picture .label math")
    assert labels.count() == 19
    widths = labels.evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
    assert min(widths) > 5
    assert page.locator(".picture path.edge.accent").count() == 9 + 4


TOUCHING = """() => {
    const circles = [...document.querySelectorAll(".picture circle")].map(each => ["cx", "cy", "r"].map(
        name => each[name].baseVal.value));
    const inside = (p, slack) => circles.filter(([x, y, r]) => Math.hypot(p.x - x, p.y - y) < r + slack);
    return [...document.querySelectorAll(".picture path.edge")].flatMap(edge => {
        const length = edge.getTotalLength(), at = n => edge.getPointAtLength(length * n / 200);
        const own = new Set([...inside(at(0), 1), ...inside(at(200), 1)]);
        const met = [...Array(201).keys()].flatMap(n => inside(at(n), 3).filter(each => !own.has(each)));
        return own.size === 2 && met.length === 0 ? [] : [edge.getAttribute("d")];
    });
}"""


@pytest.mark.parametrize("page", ["30-rnn", "60-lstm", "70-gru"])
def test_an_edge_of_the_unrolled_graph_touches_the_two_values_that_it_joins_and_no_other(open_page, page):
    page = open_page(f"formulas/{page}.html")
    assert page.locator(".picture path.edge").count() >= 18
    assert page.evaluate(TOUCHING) == []
    page.evaluate("document.querySelector('.picture circle').cx.baseVal.value += 60")
    assert page.evaluate(TOUCHING) != []


def test_the_front_page_shows_a_refutation_and_its_repair_on_one_screen(open_page):
    page = open_page("index.html")
    repair = page.locator(".session").last.bounding_box()
    assert repair["y"] + repair["height"] <= 800
    shown = page.locator("article").inner_text()
    assert "refuted (expected proved)" in shown
    assert "x = 1/2" in shown
    assert "1 claim: 1 proved; 0 unexpected" in shown


def test_a_refuted_formula_shows_where_it_fails_and_leads_to_its_repair(open_page):
    page = open_page("formulas/90-errata.html")
    section = page.locator("#errata-softmax-without-exp")
    assert section.locator(".badge.refuted").text_content() == "refuted"
    assert "counterexample: equality 1 fails (as printed)" in section.inner_text()
    values = section.locator("details", has_text="At these exact values")
    values.locator("summary").click()
    assert "\n  h = [" in values.inner_text()
    assert "\nso that, to six digits,\n" in values.inner_text()
    section.get_by_role("link", name="errata.softmax-without-exp-repaired").click()
    assert page.locator(":target .badge.proved").count() == 1


@pytest.mark.parametrize("width", [1280, 390])
def test_the_number_of_a_formula_never_lies_on_it(open_page, width):
    page = open_page("formulas/60-lstm.html", width=width)
    gaps = page.evaluate(
        """[...document.querySelectorAll(".statement div.math")].map(each =>
            each.querySelector(".eqno").getBoundingClientRect().left
            - each.querySelector("math").getBoundingClientRect().right)"""
    )
    assert len(gaps) == 33
    assert min(gaps) >= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen_and_text_stands_out(open_page, width, scheme):
    page = open_page("formulas/60-lstm.html", width=width, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colour, ground = page.evaluate(
        """[getComputedStyle(document.querySelector(".statement math")).color,
            getComputedStyle(document.querySelector(".statement div.math")).backgroundColor]"""
    )
    assert contrast(colour, ground) > 7


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour: str) -> float:
        full = 1 if colour.startswith("color(srgb") else 255
        parts = [float(part) / full for part in re.findall(r"[\d.]+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chart_fits_a_phone_and_its_labels_stand_out(open_page, scheme):
    page = open_page("formulas/80-vanishing.html", width=390, scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    labels = page.locator(".picture .label-of")
    colours = labels.evaluate_all("all => all.map(each => getComputedStyle(each).fill)")
    assert len(set(colours)) == 5
    assert min(contrast(colour, ground) for colour in colours) > 4.5
    assert contrast("rgb(217, 119, 6)", "rgb(255, 255, 255)") < 4.5
    assert max(labels.evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")) <= 390


def test_the_text_that_a_formula_is_from_leads_to_its_misprints_and_back(open_page):
    page = open_page("formulas/60-lstm.html", width=390)
    page.locator("#lstm-dc").get_by_role("link", name="text 000").click()
    assert page.url.endswith("reference/30-audit.html#text-000")
    section = page.locator("section#text-000")
    shown = section.locator("li a").all_inner_texts()
    assert "8.4 The derivative of the log-likelihood named the derivative of the prediction, which is a matrix" in shown
    assert section.locator("li math").count() > 5
    section.locator("li a").first.click()
    page.locator(":target .badge.refuted").wait_for()
    assert "90-errata.html#errata-" in page.url


def test_the_audit_shows_what_it_counts_and_every_formula_of_it_is_typeset(open_page):
    page = open_page("reference/30-audit.html", width=390)
    head, *_, last = ([*row.locator("th, td").all_inner_texts()] for row in page.locator("table.audits tr").all())
    counted = dict(zip(head, last, strict=True))
    findings = page.locator(".finding")
    for verdict, kind in (("proved", "proved"), ("refuted", "refuted"), ("ill-typed", "ill_typed")):
        assert findings.locator(f".badge.{kind}").count() == int(counted[verdict]) > 0
    assert int(counted["all"]) == sum(int(n) for name, n in counted.items() if name not in {"", "all", "with a defect"})
    places = page.locator(".finding .badges a").all_inner_texts()
    assert len(places) == findings.count() > 200
    assert page.locator(".finding > div math").count() == len(places)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#text-003 summary").click()
    page.locator("#text-003-52-366 .badge.proved").wait_for()
    page.locator("#text-003-44-4 .badges a").click()
    assert page.url.endswith("#text-003-44-4")


def test_the_keyboard_shows_where_it_is_and_reaches_the_text_first(open_page):
    page = open_page(ACTIVATIONS)
    page.keyboard.press("Tab")
    first = page.evaluate("[document.activeElement.textContent.trim(), document.activeElement.getAttribute('href')]")
    assert first == ["Skip to content", "#furo-main-content"]
    page.locator("summary").first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("document.activeElement.matches(':focus-visible')")


@pytest.mark.parametrize("drawer", [".sidebar-drawer a", ".toc-drawer a"])
def test_on_a_phone_a_drawer_comes_in_with_the_keyboard_and_goes_with_it(open_page, drawer):
    page = open_page(ACTIVATIONS, width=390)
    link = page.locator(drawer).nth(3)

    def seen() -> bool:
        box = link.bounding_box()
        return box["x"] >= 0 and box["x"] + box["width"] <= 390

    assert not seen()
    page.keyboard.press("Tab")  # what follows is done by keyboard
    link.focus()
    page.wait_for_timeout(400)  # of its way in
    assert seen()
    page.locator("summary").first.focus()
    page.wait_for_timeout(400)
    assert not seen()


def test_who_wants_no_motion_gets_none(chromium, site):
    def behaviour(motion: str) -> str:
        context = chromium.new_context(reduced_motion=motion)
        page = context.new_page()
        page.goto((site / ACTIVATIONS).as_uri())
        found = page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")
        context.close()
        return found

    assert (behaviour("no-preference"), behaviour("reduce")) == ("smooth", "auto")


def test_code_and_sessions_are_whole_on_a_wide_screen_and_name_no_folder_of_the_builder(site, open_page):
    page = open_page("guide/12-own-code.html")
    cut = page.evaluate(
        "[...document.querySelectorAll('pre')].filter(each => each.scrollWidth > each.clientWidth).length"
    )
    assert cut == 0
    shown = page.locator("article").inner_text()
    assert "--- examples/backward_wrong.py" in shown
    assert str(site.parent) not in shown
    assert str(build.CHECKOUT) not in shown


def test_generated_code_is_coloured_as_what_it_is(open_page):
    page = open_page("guide/15-numpy.html")
    assert page.locator(".highlight-python .k", has_text="def").count() > 5


def test_signatures_name_types_as_people_write_them(open_page):
    shown = open_page("reference/20-api.html").locator("article").inner_text()
    assert "chain: tuple[Term, ...]" in shown
    assert "~" not in shown
    assert "<factory>" not in shown
