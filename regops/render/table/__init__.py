"""Answers for people: one module per answer, at most 80 columns, legible without colour."""

import sys

from rich.console import Console, RenderableType

from regops.model.answer import Answer
from regops.model.built_image import Images, PushedImage, SavedTarballs
from regops.model.instance import Instances
from regops.model.lab import Lab, LabRemoved
from regops.model.load import Loaded
from regops.model.log_source import LogSources
from regops.model.nginx_status import NginxStatus
from regops.model.probe import PingAnswer
from regops.model.search import Search
from regops.model.start import Started
from regops.model.status import RegistryHealth
from regops.model.tarball import Downloads, Tarballs
from regops.model.traffic_report import TrafficReport
from regops.model.upload import Uploaded
from regops.model.verification import Verifications


def print_answer(answer: Answer, *, color: bool) -> None:
    """Print an answer on stdout; colour only where asked for."""
    make_console(color=color).print(renderable(answer))


def make_console(*, color: bool, stderr: bool = False) -> Console:
    """Return a console that never reads markup, emoji codes or highlights out of the text it is given."""
    return Console(
        file=sys.stderr if stderr else sys.stdout,
        force_terminal=color,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
    )


def renderable(answer: Answer) -> RenderableType:
    """Return what rich prints for an answer."""
    match answer:
        case Instances():
            from regops.render.table.instances import instances_table

            return instances_table(answer)
        case PingAnswer():
            from regops.render.table.ping import ping_table

            return ping_table(answer)
        case RegistryHealth():
            from regops.render.table.status import status_table

            return status_table(answer)
        case NginxStatus():
            from regops.render.table.nginx_status import nginx_table

            return nginx_table(answer)
        case Lab():
            from regops.render.table.lab import lab_table

            return lab_table(answer)
        case LabRemoved():
            from regops.render.table.lab import removed_table

            return removed_table(answer)
        case Images():
            from regops.render.table.image import images_table

            return images_table(answer)
        case SavedTarballs():
            from regops.render.table.image import saved_table

            return saved_table(answer)
        case PushedImage():
            from regops.render.table.image import pushed_table

            return pushed_table(answer)
        case LogSources():
            from regops.render.table.log_sources import log_sources_table

            return log_sources_table(answer)
        case TrafficReport():
            from regops.render.table.traffic import traffic_table

            return traffic_table(answer)
        case Search():
            from regops.render.table.search import search_table

            return search_table(answer)
        case Tarballs():
            from regops.render.table.bootstrap import tarballs_table

            return tarballs_table(answer)
        case Downloads():
            from regops.render.table.bootstrap import downloads_table

            return downloads_table(answer)
        case Verifications():
            from regops.render.table.verification import verifications_table

            return verifications_table(answer)
        case Loaded():
            from regops.render.table.load import loaded_table

            return loaded_table(answer)
        case Uploaded():
            from regops.render.table.upload import uploaded_table

            return uploaded_table(answer)
        case Started():
            from regops.render.table.start import started_table

            return started_table(answer)
        case _:
            raise TypeError(f"{type(answer).__name__} has no table")
