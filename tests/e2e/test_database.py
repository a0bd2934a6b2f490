"""A database that SFTPGo 0.9 made is opened as it is."""
import json
import os
import sqlite3
import stat

from postern_server import give

# As the migrations of 0.9.5 leave it: the columns stand in the order in which they were added.
SCHEMA = """
CREATE TABLE "users" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
 "username" varchar(255) NOT NULL UNIQUE, "password" varchar(255) NULL, "public_keys" text NULL,
 "home_dir" varchar(255) NOT NULL, "uid" integer NOT NULL, "gid" integer NOT NULL,
 "max_sessions" integer NOT NULL, "quota_size" bigint NOT NULL, "quota_files" integer NOT NULL,
 "permissions" text NOT NULL, "used_quota_size" bigint NOT NULL,
 "used_quota_files" integer NOT NULL, "last_quota_update" bigint NOT NULL,
 "upload_bandwidth" integer NOT NULL, "download_bandwidth" integer NOT NULL,
 "expiration_date" bigint NOT NULL, "last_login" bigint NOT NULL, "status" integer NOT NULL,
 "filters" text NULL, "filesystem" text NULL);
"""
HASH_OF_PW1 = '$argon2id$v=19$m=65536,t=3,p=2$DaJuqiicY3oi0ytLPTDAUg' \
              '$k50MzDtUSXihqX070NnRshDVe2XUfJcCKFPSPkGfrwQ'


def test_old_database(servers, accounts, keys):
    server = servers(start=False)
    home = server.home('old')
    os.mkdir(home)
    give(home)
    path = os.path.join(server.dir, 'sftpgo.db')
    with open(os.path.join(keys, 'id_ed25519.pub'), encoding='utf-8') as file:
        public = json.dumps([file.read().strip()])
    database = sqlite3.connect(path)
    database.execute(SCHEMA)
    database.execute(
        'INSERT INTO users (username, password, public_keys, home_dir, uid, gid, max_sessions,'
        ' quota_size, quota_files, permissions, used_quota_size, used_quota_files,'
        ' last_quota_update, upload_bandwidth, download_bandwidth, expiration_date, last_login,'
        ' status, filters, filesystem) VALUES (?, ?, ?, ?, 0, 0, 0, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0,'
        ' 1, NULL, NULL)', ('old', HASH_OF_PW1, public, home, json.dumps(['*'])))
    database.commit()
    database.close()
    give(path)
    server.start()

    account = accounts(server, name='new')  # the old schema takes new accounts
    account.sftp('pwd\n')
    account.name, account.home, account.password = 'old', home, 'pw1'
    account.sftp('mkdir by-key\n')
    account.sftp('mkdir by-password\n', by_password=True)
    assert sorted(os.listdir(home)) == ['by-key', 'by-password']
    with sqlite3.connect(path) as database:
        used, = database.execute('SELECT last_login FROM users WHERE username = ?',
                                 ('old',)).fetchone()
    assert used > 0


def test_fresh_database(servers, accounts):
    server = servers()
    accounts(server, name='first')
    path = os.path.join(server.dir, 'sftpgo.db')
    assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0
    with sqlite3.connect(path) as database:
        columns = [row[1] for row in database.execute('PRAGMA table_info(users)')]
        row = database.execute('SELECT username, password, status, permissions FROM users')
        name, password, status, permissions = row.fetchone()
    assert len(columns) >= 21 and {'filters', 'filesystem', 'last_quota_update'} <= set(columns)
    assert (name, status, json.loads(permissions)) == ('first', 1, {'/': ['*']})
    assert not password  # a key only


def test_accounts_survive_a_restart(servers, accounts):
    server = servers()
    account = accounts(server, password='still here')
    server.stop()
    server.start()
    account.sftp('pwd\n')
    account.sftp('pwd\n', by_password=True)


def test_memory_provider(servers, accounts):
    server = servers({'data_provider': {'driver': 'memory', 'name': ''}})
    accounts(server, password='in memory').sftp('pwd\n', by_password=True)
