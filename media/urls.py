"""Addresses of this app: signed playback and public pictures."""

from django.urls import path

from media.views import playback

app_name = "media"
urlpatterns = [
    path("video/<str:token>/<str:rung>.mp4", playback.rendition, name="rendition"),
    path("video/<str:token>/<str:rung>.m3u8", playback.playlist, name="playlist"),
    path("video/<str:token>/cartel.jpg", playback.poster, name="poster"),
    path("video/<str:token>/<str:language>.vtt", playback.captions, name="captions"),
    path("archivos/images/<path:path>", playback.picture, name="picture"),
]
