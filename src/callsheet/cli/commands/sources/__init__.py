"""``callsheet sources``: where models come from; one file for each group of its commands."""

from callsheet.cli.commands.sources import configuring, judging, running, trying
from callsheet.cli.output.usage import CommandLine

app = CommandLine(help="Let the catalogue follow what gateways and servers list.", no_args_is_help=True)

trying.add_to(app)
configuring.add_to(app)
running.add_to(app)
judging.add_to(app)
