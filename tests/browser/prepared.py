"""Importing this makes what all applications have in common, so that processes forked from here are soon up."""

from opencowin.web import prepare

prepare()
