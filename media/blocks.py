"""StreamField blocks of this app."""

from .viewsets import video_chooser_viewset

VideoChooserBlock = video_chooser_viewset.get_block_class(name="VideoChooserBlock", module_path="media.blocks")
