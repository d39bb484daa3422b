"""`ivr` and `python -m ivr`."""

from ivr.cli import ivr


def main() -> None:
    ivr(prog_name="ivr")


if __name__ == "__main__":
    main()
