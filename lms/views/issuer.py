"""Signing in with an institution's own accounts (OpenID Connect). Off, its addresses are none."""

from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from . import devices

PROVIDER = "institucion"


class IssuerOAuth2Adapter(OpenIDConnectOAuth2Adapter):
    """Allauth's, asking for what the standard leaves to us: every token is verified by its signature."""

    def complete_login(self, request: HttpRequest, app, token, **kwargs):
        """Who signed in. What the issuer tells apart must be about the same person (OpenID Connect Core, 5.3.2)."""
        claims = self._decode_id_token(app, kwargs["response"].get("id_token") or "")
        told = self._fetch_user_info(token.token)
        if told.get("sub") != claims["sub"]:
            raise OAuth2Error("userinfo is about somebody else")
        return self.get_provider().sociallogin_from_response(request, {"userinfo": told, "id_token": claims})

    def _decode_id_token(self, app, id_token: str) -> dict:
        return jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )


def _assert_open(provider_id: str) -> None:
    if not settings.SOCIALACCOUNT_PROVIDERS or provider_id != PROVIDER:
        raise Http404


def leave(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Off to the institution's server; only by the button of our own form."""
    _assert_open(provider_id)
    return _leave(request)


@never_cache
@require_POST
def _leave(request: HttpRequest) -> HttpResponse:
    devices.mark(request, is_shared="is_shared" in request.POST or devices.is_shared(request))
    return OAuth2LoginView.adapter_view(IssuerOAuth2Adapter(request, PROVIDER))(request)


def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Back from the institution's server, with its word on who this is."""
    _assert_open(provider_id)
    return _come_back(request)


@never_cache
@require_safe
def _come_back(request: HttpRequest) -> HttpResponse:
    return OAuth2CallbackView.adapter_view(IssuerOAuth2Adapter(request, PROVIDER))(request)
