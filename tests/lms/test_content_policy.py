"""The policy of contents: written once for all answers that say nothing of it, and by each that does."""

from csp.constants import NONCE
from django.http import HttpResponse
from django.test import RequestFactory

from lms.middleware import ContentSecurityPolicyMiddleware

POLICY = "Content-Security-Policy"


def put_on(*, path: str = "/", **said) -> str:
    def show(_request):
        response = HttpResponse("hola")
        vars(response).update(said)
        return response

    return ContentSecurityPolicyMiddleware(show)(RequestFactory().get(path)).headers.get(POLICY, "")


def test_it_is_that_of_the_settings_and_the_same_each_time(settings):
    middleware = ContentSecurityPolicyMiddleware(lambda _request: HttpResponse("hola"))

    def policies() -> set[str]:
        return {middleware(RequestFactory().get("/"))[POLICY] for _time in range(3)}

    (first,) = policies()
    assert "default-src 'none'" in first
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": ["https://example.org"]}}
    assert policies() == {"default-src https://example.org"}


def test_what_a_view_says_of_its_own_answer_counts():
    assert "img-src 'self' data: https://a.example" in put_on(_csp_update={"img-src": ["https://a.example"]})
    assert "img-src https://a.example" in put_on(_csp_replace={"img-src": ["https://a.example"]})
    assert put_on(_csp_config={"img-src": ["https://a.example"]}) == "img-src https://a.example"
    assert put_on(_csp_exempt=True) == ""
    assert "'unsafe-inline'" in put_on(path="/cms/x/")
    assert "'unsafe-inline'" not in put_on()


def test_data_keep_the_policy_that_a_view_gave_them():
    def show(_request):
        return HttpResponse("{}", content_type="application/json", headers={POLICY: "default-src 'self'"})

    assert ContentSecurityPolicyMiddleware(show)(RequestFactory().get("/"))[POLICY] == "default-src 'self'"


def test_a_page_with_a_script_of_its_own_gets_its_own_word(settings):
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"script-src": [NONCE]}}

    def show(request):
        return HttpResponse(str(request.csp_nonce))

    middleware = ContentSecurityPolicyMiddleware(show)
    for _time in range(2):
        page = middleware(RequestFactory().get("/"))
        assert f"script-src 'nonce-{page.content.decode()}'" in page[POLICY]
