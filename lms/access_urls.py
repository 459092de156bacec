"""Addresses that allauth knows by names of its own: only what is needed is mounted, and every page is ours."""

from django.urls import path

from lms.views import issuer, second_factor, signing

urlpatterns = [
    path("entrar/", signing.sign_in, name="account_login"),
    path("entrar/segundo-paso/", second_factor.authenticate, name="mfa_authenticate"),
    path("entrar/llave/", second_factor.passkey_sign_in, name="mfa_login_webauthn"),
    path("entrar/con/<slug:provider_id>/", issuer.leave, name="openid_connect_login"),
    path("entrar/con/<slug:provider_id>/vuelta/", issuer.come_back, name="openid_connect_callback"),
    path("mi-cuenta/confirmar/", second_factor.password_again, name="account_reauthenticate"),
    path("mi-cuenta/confirmar/codigo/", second_factor.again, name="mfa_reauthenticate"),
    path("mi-cuenta/confirmar/llave/", second_factor.passkey_again, name="mfa_reauthenticate_webauthn"),
    path("mi-cuenta/segundo-paso/", second_factor.index, name="mfa_index"),
    path("mi-cuenta/segundo-paso/aplicacion/", second_factor.activate, name="mfa_activate_totp"),
    path("mi-cuenta/segundo-paso/aplicacion/quitar/", second_factor.deactivate, name="mfa_deactivate_totp"),
    path("mi-cuenta/segundo-paso/llaves/", second_factor.add_passkey, name="mfa_add_webauthn"),
    path("mi-cuenta/segundo-paso/llaves/<slug:key>/", second_factor.name_passkey, name="mfa_edit_webauthn"),
    path("mi-cuenta/segundo-paso/llaves/<slug:key>/quitar/", second_factor.remove_passkey, name="mfa_remove_webauthn"),
    path("mi-cuenta/segundo-paso/codigos/", second_factor.view_codes, name="mfa_view_recovery_codes"),
    path("mi-cuenta/segundo-paso/codigos/nuevos/", second_factor.generate, name="mfa_generate_recovery_codes"),
]
