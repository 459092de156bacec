# The same few commands on a laptop, on a server and in continuous integration. `make help` lists them.
PYTHON := sh scripts/python.sh
VENV := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run setup demo test check bench fix messages clean

help:  ## show these lines
	@sed -n 's/^\([a-z]*\):.*  ## /make \1\t/p' Makefile | expand -t 16

run: setup  ## install what is missing, load the demo, start everything and print the address
	@$(VENV) -m scripts.run

setup:  ## everything that `make run` does before it starts
	@$(PYTHON) -m scripts.make_ready run

demo:  ## load the tools and the demo content again
	@$(PYTHON) -m scripts.make_ready demo

test:  ## checks, then the whole suite on SQLite and again on PostgreSQL and Redis
	@$(PYTHON) -m scripts.make_ready test
	@$(VENV) -m scripts.suite

check:  ## style, import contracts, types, migrations, templates, translations
	@$(PYTHON) -m scripts.make_ready check
	@$(VENV) -m scripts.check

bench:  ## measure signing in, importing, learning, certificates and videos beside their bare parts
	@$(PYTHON) -m scripts.make_ready test
	@$(VENV) -m scripts.bench

fix:  ## format the code and the templates, and repair what can be repaired
	@$(PYTHON) -m scripts.make_ready check
	@$(VENV) -m scripts.check --fix

messages:  ## bring the English catalogue up to date and say what is missing
	@$(PYTHON) -m scripts.make_ready check
	@$(VENV) -m scripts.check_translations --update

clean:  ## remove what can be made again; data under var/ stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf var/static var/stamps var/cache var/test-templates var/setup.log
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
