"""Takes the pictures in `docs/screenshots/` from a running demo: `python -m scripts.screenshots http://localhost:8000`.

The main screens, each at 360 and at 1280 pixels, as the demo's own people see them. Needs Chromium.
"""

import io
import shutil
import sys

import yaml
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from scripts.steps import ROOT
from scripts.system_packages import CHROMIUM_NAMES

FOLDER = ROOT / "docs" / "screenshots"
COURSE = "/cursos/estrategia-de-ingresos-propios/"
LESSON = COURSE + "metas-y-plan-de-doce-meses/"
# name: (demo account, address, what is clicked before the picture)
SCREENS: dict[str, tuple[str, str, str]] = {
    "inicio": ("", "/", ""),
    "catalogo": ("", "/cursos/", ""),
    "herramientas": ("", "/herramientas/", ""),
    "mi-aprendizaje": ("employee", "/mi-aprendizaje/", ""),
    "curso": ("employee", COURSE, ""),
    "leccion": ("employee", LESSON, ""),
    "cuestionario": ("departmental", COURSE, "quiz"),
    "mi-expediente": ("graduate", "/mi-expediente/", ""),
    "verificar": ("graduate", "/mi-expediente/", "text=Ver página pública"),
    "compartir": ("graduate", "/mi-expediente/enlaces/", ""),
    "sin-conexion": ("", "/verificar/sin-conexion/", ""),
    "plantilla": ("administrator", "/cms/plantillas/nueva/", ""),
    "articulo-94": ("hr", "/personal/1302/articulo-94/", ""),
    "competencias": ("hr", "/personal/1302/competencias/", ""),
    "cotejo": ("hr", "/personal/cotejo/", "main a:has-text('Encino')"),
    "seguimiento": ("administrator", "/seguimiento/?department=13", ""),
    "red": ("coordinator", "/redes/", "main a:has-text('Red de Jóvenes')"),
    "videos": ("trainer", "/cms/videos/", ""),
    "ruta": ("employee", "/rutas/servir-en-la-dafim-demo/", ""),
    "donde-dejan-de-ver": ("trainer", "/cms/donde-dejan-de-ver/", ".bank-list a >> nth=0"),
    "presencial": ("trainer", "/cms/presencial/", "main a[href*='/cms/presencial/']:has-text('2026')"),
    "registro": ("", "/registro/", ""),
    "segundo-paso": ("hr", "/mi-cuenta/segundo-paso/", "main a:has-text('Agregar la aplicación')"),
    "personal": ("hr", "/personal/1302/", ""),
    "importar": ("hr", "/personal/importar/nueva/", ""),
    "mis-datos": ("graduate", "/mi-cuenta/datos-personales/", ""),
    "quien-podia": ("administrator", "/cms/roles/en-un-dia/", ""),
}
HEIGHT = {360: 740, 1280: 860}


def accounts() -> tuple[dict[str, str], str]:
    """Identifiers of the demo accounts by key, and the password they share."""
    data = yaml.safe_load((ROOT / "certificates/demo/data/people.yaml").read_text())
    return {spec["key"]: spec.get("email") or spec["cui"] for spec in data["accounts"]}, data["password"]


def sign_in(context: BrowserContext, base: str, key: str) -> None:
    """Through the form."""
    identifiers, password = accounts()
    page = context.new_page()
    page.goto(base + "/entrar/")
    page.locator("main input[type=text], main input[type=email]").first.fill(identifiers[key])
    page.locator("main input[type=password]").fill(password)
    page.locator("main form button").first.click()
    page.wait_for_url(lambda url: "/entrar/" not in url)
    page.close()


def open_quiz(page: Page) -> None:
    """The first question of the course's quiz, enrolling where that is still to be done."""
    if page.locator("button:has-text('Inscribirme')").count():
        page.click("button:has-text('Inscribirme') >> nth=0")
        page.goto(page.url.rpartition("/cursos/")[0] + COURSE)
    page.locator(".thread a[href*='/cursos/']").last.click()
    page.locator("button:has-text('Responder el cuestionario'), button:has-text('Seguir respondiendo')").click()


def save(page: Page, name: str) -> None:
    """The window as a PNG of few colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


def take(browser: Browser, base: str, width: int) -> None:
    """All screens at one width."""
    states: dict[str, object] = {}
    for name, (key, path, then) in SCREENS.items():
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHT[width]}, locale="es-GT", storage_state=states.get(key)
        )
        if key and key not in states:
            sign_in(context, base, key)
            states[key] = context.storage_state()
        page = context.new_page()
        page.goto(base + path)
        if then == "quiz":
            open_quiz(page)
        elif then:
            page.locator(then).first.click()
        page.wait_for_load_state("networkidle")
        save(page, f"{name}-{width}")
        context.close()
        print(f"{name}-{width}")


def main() -> None:
    """Take them all."""
    base = sys.argv[1].rstrip("/")
    FOLDER.mkdir(parents=True, exist_ok=True)
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for width in HEIGHT:
            take(browser, base, width)
        browser.close()


if __name__ == "__main__":
    main()
