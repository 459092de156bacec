"""Addresses of this app. The pages below /cursos/ and /herramientas/ are Wagtail's."""

from django.urls import path

from courses.views import (
    assignments,
    catalogue,
    enrolment,
    evaluation,
    handed,
    invitations,
    learning,
    lesson,
    networks,
    offline,
    paths,
    quiz,
    reminders,
    seats,
    staff,
    statements,
    talk,
    tools,
)

TOWN, NETWORK = "personal/<municipality:code>/", "redes/<uuid:network_id>/"
COURSE_CODES = "invitaciones/cursos/<uuid:course_key>/"

app_name = "courses"
urlpatterns = [
    path("sw.js", offline.service_worker, name="service_worker"),
    path("mi-aprendizaje/", learning.learning, name="learning"),
    path("mi-aprendizaje/xapi.json", statements.own, name="own_statements"),
    path("seguimiento/xapi/", statements.of_courses, name="course_statements"),
    path("cursos/", catalogue.catalogue, name="catalogue"),
    path("herramientas/", tools.tools, name="tools"),
    path("inscripciones/", enrolment.enrol, name="enrol"),
    path("inscripciones/<uuid:public_id>/retiro/", enrolment.withdraw, name="withdraw"),
    path("invitacion/", invitations.type_code, name="invitation_type"),
    path("invitacion/<str:code>/", invitations.invitation, name="invitation"),
    path(COURSE_CODES, invitations.of_course, name="course_invitations"),
    path(f"{COURSE_CODES}<uuid:public_id>/", invitations.one_of_course, name="course_invitation"),
    path(f"{TOWN}invitaciones/", invitations.of_staff, name="staff_invitations"),
    path(f"{TOWN}invitaciones/<uuid:public_id>/", invitations.one_of_staff, name="staff_invitation"),
    path("asignaciones/", assignments.index, name="national_assignments"),
    path("asignaciones/nueva/", assignments.new, name="national_assignment_new"),
    path("asignaciones/<uuid:assignment_id>/", assignments.assignment, name="national_assignment"),
    path(f"{TOWN}asignaciones/", assignments.index, name="staff_assignments"),
    path(f"{TOWN}asignaciones/nueva/", assignments.new, name="staff_assignment_new"),
    path(f"{TOWN}asignaciones/<uuid:assignment_id>/", assignments.assignment, name="staff_assignment"),
    path(f"{NETWORK}asignaciones/", assignments.index, name="network_assignments"),
    path(f"{NETWORK}asignaciones/nueva/", assignments.new, name="network_assignment_new"),
    path(f"{NETWORK}asignaciones/<uuid:assignment_id>/", assignments.assignment, name="network_assignment"),
    path("inscripciones/<uuid:public_id>/evaluacion/", evaluation.evaluate, name="evaluate"),
    path("inscripciones/<uuid:public_id>/preguntas/", talk.talk, name="talk"),
    path("mi-cuenta/recordatorios/", reminders.reminders, name="reminders"),
    path("recordatorios/<str:token>/", reminders.stop, name="reminders_stop"),
    path("actividades/<uuid:public_id>/leida/", lesson.mark_read, name="mark_read"),
    path("actividades/<uuid:public_id>/intentos/", quiz.start, name="attempt_start"),
    path("intentos/<uuid:public_id>/", quiz.review, name="attempt_review"),
    path("intentos/<uuid:public_id>/<int:number>/", quiz.question, name="attempt_question"),
    path("intentos/<uuid:public_id>/entrega/", quiz.hand_in, name="attempt_hand_in"),
    path("intentos/<uuid:public_id>/resultado/", quiz.result, name="attempt_result"),
    path("personal/<uuid:public_id>/cursos/", staff.progress, name="staff_progress"),
    path("rutas/", paths.paths, name="paths"),
    path("rutas/<slug:slug>/", paths.path, name="path"),
    path("personal/rutas/", paths.gaps, name="path_gaps"),
    path("personal/rutas.csv", paths.gaps_csv, name="path_gaps_csv"),
    path("sesiones/<uuid:public_id>/inscripcion/", seats.register, name="seat_take"),
    path("sesiones/<uuid:public_id>/devolucion/", seats.give_back, name="seat_give_back"),
    path("sesiones/<uuid:public_id>/calendario.ics", seats.calendar_file, name="session_calendar"),
    path("asistencia/<slug:code>/<int:step>/<slug:mac>/", seats.scan, name="scan"),
    path("entregas/<uuid:public_id>/", handed.own, name="handed_file"),
    path("redes/", networks.networks, name="networks"),
    path("redes/<uuid:public_id>/", networks.network, name="network"),
    path(
        "redes/<uuid:public_id>/cursos/<uuid:course_key>/inscripciones/", networks.enrol_members, name="network_enrol"
    ),
]
