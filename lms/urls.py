"""The addresses of the whole house."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.i18n import set_language
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.security import django_auth
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from courses.api import STRAIGHT, straight
from courses.api import router as courses_router
from courses.views import pages
from lms.views import office, signing, strangers
from lms.views.site import health
from media.api import router as media_router

api = NinjaAPI(title="Aula Municipal", version="1", urls_namespace="api", auth=django_auth, docs_url=None)
api.add_router("", courses_router)
api.add_router("", media_router)


@api.exception_handler(HttpError)
def tell(request: HttpRequest, problem: HttpError) -> HttpResponse:
    """A body that is no JSON is told like one whose fields are wrong: 422, where and why."""
    if problem.status_code == 400 and problem.__cause__:
        detail = [{"type": "json_invalid", "loc": ["body"], "msg": "The body is not JSON."}]
        return api.create_response(request, {"detail": detail}, status=422)
    return api.create_response(request, {"detail": str(problem)}, status=problem.status_code)


routes = api.urls
for one in routes[0]:
    if one.name in STRAIGHT:
        one.callback = straight(one.callback, *STRAIGHT[one.name])

urlpatterns = [
    path("salud/", health, name="health"),
    path("idioma/", strangers.need_no_mark(set_language), name="set_language"),
    path("api/v1/", routes),
    # Wagtail's own ways to sign in, to change a password and to make users are closed: people have one door.
    path("cms/login/", office.to_sign_in, name="cms_sign_in"),
    path("cms/logout/", signing.sign_out, name="cms_sign_out"),
    re_path(r"^cms/(account|password_reset)/", office.to_account, name="cms_account"),
    re_path(r"^cms/(users|groups|bulk/lms)/", office.to_people, name="cms_people"),
    re_path(r"^_util/(login|authenticate_with_password)/", office.to_sign_in, name="page_sign_in"),
    path("cms/", include(wagtailadmin_urls)),
    path("documentos/", include(wagtaildocs_urls)),
    path("", include("lms.site_urls")),
    path("", include("lms.access_urls")),
    path("", include("media.urls")),
    path("", include("courses.urls")),
    path("", include("certificates.urls")),
    re_path(wagtail_urls.serve_pattern, pages.serve, name="wagtail_serve"),
    path("", include(wagtail_urls)),
]
if settings.DEBUG:
    from django.contrib.staticfiles.urls import staticfiles_urlpatterns

    urlpatterns = staticfiles_urlpatterns() + urlpatterns
