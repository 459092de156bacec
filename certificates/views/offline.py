"""The page that checks a certificate on the device alone, with or without a line, and what it is installed from."""

import json
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates import keyring
from certificates.domain import signed_facts, status_lists

MODULES = ["token", "states", "look"]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The verifier. It says nothing of the reader: devices keep it."""
    context = {
        "device": _known() | {"made": timezone.now().isoformat(), **_addresses(), **_says()},
        "styles": _styles(),
    }
    return _for_devices(render(request, "certificates/offline.html", context))


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Keeps the page and what it is made of on the device; anew when a key, a list or a file is another."""
    files = [reverse("certificates:offline"), *_files()]
    known = json.dumps([files, _known(), get_language(), settings.PUBLIC_URL])
    context = {"files": json.dumps(files), "version": sha256(known.encode()).hexdigest()[:16]}
    return _for_devices(
        render(request, "certificates/offline_sw.js", context, content_type="text/javascript; charset=utf-8")
    )


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What it is called where it is installed."""
    start = reverse("certificates:offline")
    said = {
        "id": start,
        "name": _("Verificador de certificados · Aula Municipal"),
        "short_name": _("Verificador"),
        "lang": get_language(),
        "start_url": start,
        "scope": start,
        "display": "standalone",
        "background_color": "#fbf8f3",
        "theme_color": "#243b7a",
        "icons": [{"src": static("lms/icon.svg"), "sizes": "any", "type": "image/svg+xml"}],
    }
    return _for_devices(HttpResponse(json.dumps(said), content_type="application/manifest+json"))


def _for_devices(response: HttpResponse) -> HttpResponse:
    """Asked for again each time there is a line; the same for whoever reads it."""
    response["Cache-Control"] = "no-cache"
    response["X-Robots-Tag"] = "noindex"
    return response


def _known() -> dict:
    """Every key that ever signed facts, and the names of the lists of states."""
    keys = [
        {"id": signed_facts.key_id(key).hex(), "name": key.name, "since": key.since.isoformat()}
        | {name: value for name, value in keyring.public_jwk(key).items() if name in {"x", "y"}}
        for key in keyring.history(keyring.Use.QR)
    ]
    return {"keys": keys, "lists": status_lists.names()}


def _styles() -> list[str]:
    return [static("lms/aula.css"), static("certificates/offline/page.css")]


def _files() -> list[str]:
    scripts = [static(f"certificates/offline/{name}.js") for name in [*MODULES, "inflate", "page"]]
    rest = [static("vendor/qr/read.js"), static("lms/icon.svg"), reverse("certificates:offline_manifest")]
    return [*_styles(), *scripts, *rest]


def _addresses() -> dict:
    return {
        "modules": [static(f"certificates/offline/{name}.js") for name in MODULES],
        "inflater": static("certificates/offline/inflate.js"),
        "reader": static("vendor/qr/read.js"),
        "worker": reverse("certificates:offline_worker"),
        "check": reverse("certificates:verify"),
    }


def _says() -> dict:
    return {**_says_of_state(), **_says_of_facts(), **_says_of_use()}


def _says_of_state() -> dict:
    return {
        "valid": _("Auténtico. Vigente según la lista del {day}."),
        "unknown": _("Auténtico. No sabemos si sigue vigente."),
        "revoked": _("Auténtico, pero REVOCADO o sustituido."),
        "suspended": _("Auténtico, pero SUSPENDIDO por ahora."),
        "expired": _("Auténtico, pero vencido."),
        "forged": _("No lo emitimos nosotros: la firma no corresponde."),
        "unreadable": _("No se puede leer."),
        "old": _("Este QR no se puede comprobar sin señal."),
        "since": _("No sabemos si fue revocado después del {at}: de ese momento es la lista que guarda este aparato."),
        "revoked_how": _("Así lo dice la lista del {at}. Ya no tiene validez."),
        "suspended_how": _("Así lo dice la lista del {at}. Por ahora no tiene validez; pregunte cuando tenga señal."),
        "expired_how": _("Venció el {day}, según el reloj de este aparato."),
        "day_old": _("La lista tiene un día. Actualícela cuando tenga señal."),
        "days_old": _("La lista tiene {n} días. Actualícela cuando tenga señal."),
        "no_list": _("Este aparato no tiene la lista en que está este certificado. Actualícela con señal."),
        "list_before": _("La lista que guarda este aparato es anterior al certificado. Actualícela con señal."),
        "forged_how": _("Alguien cambió lo que dice, o lo firmó otra persona. No lo dé por bueno."),
        "unknown_key": _(
            "No es de ninguna de nuestras llaves. Esta página se guardó el {day}: si el papel es más nuevo, ábrala con "
            "señal y pruebe otra vez. Si sigue igual, no lo dé por bueno."
        ),
        "unreadable_how": _("No es el QR de uno de nuestros certificados, o no se leyó completo. Pruebe otra vez."),
        "old_how": _("Es de los de antes, que solo llevan la dirección. Ábrala cuando tenga señal."),
    }


def _says_of_facts() -> dict:
    return {
        "kinds": {"1": _("Constancia de participación"), "2": _("Diploma"), "3": _("Certificación")},
        "kind": _("Tipo"),
        "name": _("Nombre"),
        "course": _("Curso"),
        "duration": _("Duración"),
        "hour": _("{n} hora"),
        "hours": _("{n} horas"),
        "completed": _("Finalización"),
        "issued": _("Emitido"),
        "expires": _("Vence"),
        "number": _("Número"),
        "code": _("Código"),
        "facts": _("Qué se certificó"),
        "compare": _("Compare estos datos con los del papel: si no dicen lo mismo, vale lo que dice aquí."),
        "longer": _("Lo que termina en «…» es más largo en el papel."),
        "how_title": _("Cómo se comprobó"),
        "how": _("En este aparato, sin enviar nada: la firma es de nuestra llave {key}, que usamos desde el {day}."),
        "open": _("Abrir la página del certificado"),
    }


def _says_of_use() -> dict:
    return {
        "reading": _("Leyendo la imagen…"),
        "aim": _("Apunte al QR y acérquese hasta que llene la imagen."),
        "no_camera": _("No se pudo usar la cámara. Dé permiso en su navegador, o elija una foto del QR."),
        "no_square": _("No se encontró un QR en la imagen."),
        "no_square_how": _("Tome la foto de cerca, con buena luz y sin sombras, de modo que el QR salga entero."),
        "no_picture": _("Este archivo no es una imagen."),
        "no_picture_how": _("Elija una foto o una captura de pantalla. Un PDF se comprueba en «Comprobar un PDF»."),
        "lists_of": _("La lista de revocados que guarda este aparato es del {at}."),
        "lists_missing": _("Este aparato todavía no guarda la lista de revocados."),
        "refreshed": _("La lista está al día."),
        "not_refreshed": _("No se pudo actualizar la lista. Pruebe de nuevo cuando tenga señal."),
    }
