"""Addresses of this app. The pages below /cursos/ and /herramientas/ are Wagtail's."""

from django.urls import path

from courses.views import catalogue, enrolment, learning, lesson, networks, practice, quiz, tools

app_name = "courses"
urlpatterns = [
    path("mi-aprendizaje/", learning.learning, name="learning"),
    path("cursos/", catalogue.catalogue, name="catalogue"),
    path("herramientas/", tools.tools, name="tools"),
    path("inscripciones/", enrolment.enrol, name="enrol"),
    path("inscripciones/<uuid:public_id>/retiro/", enrolment.withdraw, name="withdraw"),
    path("lecciones/<uuid:lesson_key>/<slug:language>/practica/<uuid:block_key>/", practice.practise, name="practise"),
    path("actividades/<uuid:public_id>/leida/", lesson.mark_read, name="mark_read"),
    path("actividades/<uuid:public_id>/intentos/", quiz.start, name="attempt_start"),
    path("intentos/<uuid:public_id>/", quiz.review, name="attempt_review"),
    path("intentos/<uuid:public_id>/<int:number>/", quiz.question, name="attempt_question"),
    path("intentos/<uuid:public_id>/entrega/", quiz.hand_in, name="attempt_hand_in"),
    path("intentos/<uuid:public_id>/resultado/", quiz.result, name="attempt_result"),
    path("redes/", networks.networks, name="networks"),
    path("redes/<uuid:public_id>/", networks.network, name="network"),
    path(
        "redes/<uuid:public_id>/cursos/<uuid:course_key>/inscripciones/", networks.enrol_members, name="network_enrol"
    ),
]
