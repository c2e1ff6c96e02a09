#!/bin/sh
# Run once, when the data folder is new: the role of Tellwire is not a superuser.
set -e
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/tellwire/database-password)" <<'SQL'
create role tellwire login password :'password';
create database tellwire owner tellwire;
SQL
