"""Addresses of the kernel's pages."""

from django.urls import path

from lms.views import account, signing, site

app_name = "lms"
urlpatterns = [
    path("", site.home, name="home"),
    path("entrar/", signing.sign_in, name="sign_in"),
    path("salir/", signing.sign_out, name="sign_out"),
    path("registro/", signing.register, name="register"),
    path("mi-cuenta/", account.account, name="account"),
    path("mi-cuenta/datos/", account.details, name="details"),
    path("mi-cuenta/contrasena/", account.password, name="password"),
    path("mi-cuenta/puestos/", account.appointment_new, name="appointment_new"),
    path("mi-cuenta/puestos/<uuid:public_id>/fin/", account.appointment_end, name="appointment_end"),
    path("mi-cuenta/redes/<uuid:public_id>/salida/", account.network_leave, name="network_leave"),
]
