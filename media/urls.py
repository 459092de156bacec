"""Addresses of this app: signed playback and public pictures."""

from django.urls import path

from media.views import playback, player, transcripts

app_name = "media"
urlpatterns = [
    path("video/f/<str:seal>/<str:ends>/<path:path>", playback.rendition, name="rendition"),
    path("video/<str:token>/<str:rung>.m3u8", playback.playlist, name="playlist"),
    path("video/<str:token>/<str:rung>/descarga/", playback.download, name="download"),
    path("video/<str:token>/pista/<uuid:track>/<str:rung>.m3u8", playback.playlist, name="track_playlist"),
    path("video/<str:token>/pista/<uuid:track>/<str:rung>/descarga/", playback.download, name="track_download"),
    path("video/<str:token>/opciones/", player.options, name="options"),
    path("video/<str:token>/cartel.jpg", playback.poster, name="poster"),
    path("video/<str:token>/<str:language>.vtt", playback.captions, name="captions"),
    path("video/<str:token>/<str:language>/texto/", transcripts.transcript, name="transcript"),
    path("archivos/images/<path:path>", playback.picture, name="picture"),
]
