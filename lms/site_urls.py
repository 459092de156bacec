"""Addresses of the kernel's pages."""

from django.urls import path

from lms.views import account, site

app_name = "lms"
urlpatterns = [
    path("", site.home, name="home"),
    path("entrar/", account.sign_in, name="sign_in"),
    path("salir/", account.sign_out, name="sign_out"),
    path("registro/", account.register, name="register"),
    path("mi-cuenta/", account.account, name="account"),
]
