"""Bandwidth of an account: whole files, changes while they are on their way, shares of sessions.

How fast exactly is the arithmetic of the unit tests. Here limits are so far apart that a transfer
either cannot have ended yet or surely ends.
"""
import json
import os
import threading

import paramiko
import pytest

from clients import random_file, read
from postern_server import wait_until

SLOW = '1'        # kB/s: an hour for what is moved here
FAST = '1000000'


@pytest.fixture
def own(servers):
    return servers({'limits': {'max_unauthenticated_per_address': 1000}})


def transfers(server, name):
    listed = json.loads(server.cli('transfer', 'list', '--json').stdout)
    return [transfer for transfer in listed if transfer['username'] == name]


class Transfer(threading.Thread):
    """One paramiko connection that moves one file."""

    def __init__(self, account, act):
        super().__init__()
        self.transport = account.paramiko()
        self.sftp = paramiko.SFTPClient.from_transport(self.transport)
        self.act, self.fault = act, None
        self.start()

    def run(self):
        try:
            self.act(self.sftp)
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault

    def finish(self):
        self.join(120)
        assert not self.is_alive()
        self.transport.close()
        if self.fault is not None:
            raise self.fault


def start(account, number=1):
    random_file(account.remote('big'), 4_000_000)
    return [Transfer(account, lambda sftp, to=account.local(f'down{i}'): sftp.get('big', to))
            for i in range(number)]


def test_files_are_whole(own, accounts):
    """Limits that are met all the time, in both directions."""
    account = accounts(own, extra=('--upload-bandwidth', '3000', '--download-bandwidth', '3000'))
    random_file(account.local('up'), 3_000_000)
    account.sftp('put up there\nget there down\n')
    assert read(account.local('down')) == read(account.local('up'))
    account.sftp('put up there2\nget there2 down2\n', arguments=('-B', '200000', '-R', '2'))
    assert read(account.local('down2')) == read(account.local('up'))
    status = json.loads(own.cli('status', '--json').stdout)
    assert status['breaches'] == 0 and status['crashes'] == 0


def test_a_download_gets_another_limit(own, accounts):
    account = accounts(own, extra=('--download-bandwidth', SLOW))
    [download] = start(account)
    [seen] = wait_until(lambda: transfers(own, account.name), 'the transfer is listed')
    assert seen['rate_limit'] == 1000
    own.cli('user', 'update', account.name, '--download-bandwidth', '2')
    wait_until(lambda: transfers(own, account.name)[0]['rate_limit'] == 2000, 'another limit')
    # The client is served meanwhile on its other channels.
    other = paramiko.SFTPClient.from_transport(download.transport)
    assert 'big' in other.listdir('.') and other.stat('big').st_size == 4_000_000
    assert download.is_alive()
    own.cli('user', 'update', account.name, '--download-bandwidth', FAST)
    download.finish()
    assert read(account.local('down0')) == read(account.remote('big'))


def test_an_upload_loses_its_limit(own, accounts):
    account = accounts(own, extra=('--upload-bandwidth', SLOW))
    random_file(account.local('up'), 3_000_000)
    upload = Transfer(account, lambda sftp: sftp.put(account.local('up'), 'up'))
    [seen] = wait_until(lambda: transfers(own, account.name), 'the transfer is listed')
    assert seen['rate_limit'] == 1000 and seen['operation_type'] == 'upload'
    assert upload.is_alive()
    own.cli('user', 'update', account.name, '--upload-bandwidth', '0')
    upload.finish()
    assert read(account.remote('up')) == read(account.local('up'))


def test_a_limit_comes_to_a_running_transfer(own, accounts):
    account = accounts(own)
    path = account.remote('endless')
    with open(path, 'wb') as file:
        file.truncate(1 << 40)
    os.chmod(path, 0o644)
    transport = account.paramiko()
    sftp = paramiko.SFTPClient.from_transport(transport)
    file = sftp.open('endless', 'rb')
    assert len(file.read(100_000)) == 100_000
    wait_until(lambda: transfers(own, account.name), 'the transfer is listed')
    assert transfers(own, account.name)[0]['rate_limit'] == 0
    own.cli('user', 'update', account.name, '--download-bandwidth', '50')
    assert len(file.read(100_000)) == 100_000
    assert transfers(own, account.name)[0]['rate_limit'] == 50_000
    transport.close()


def test_sessions_share_a_limit(own, accounts):
    account = accounts(own, extra=('--download-bandwidth', '30'))
    downloads = start(account, 3)

    def shares(number):
        limits = [transfer['rate_limit'] for transfer in transfers(own, account.name)]
        return limits if len(limits) == number and all(limits) else None
    assert wait_until(lambda: shares(3), 'three share') == [10_000] * 3
    # One leaves: its part goes to the others.
    downloads[0].transport.close()
    downloads[0].join(60)
    wait_until(lambda: shares(2) == [15_000] * 2, 'two share')
    own.cli('user', 'update', account.name, '--download-bandwidth', FAST)
    for i in (1, 2):
        downloads[i].finish()
        assert read(account.local(f'down{i}')) == read(account.remote('big'))
    wait_until(lambda: not transfers(own, account.name), 'all has ended')


def test_an_idle_session_gives_its_share_back(own, accounts):
    account = accounts(own, extra=('--download-bandwidth', '20'))
    [first] = start(account)
    transport = account.paramiko()
    sftp = paramiko.SFTPClient.from_transport(transport)
    with sftp.open('big', 'rb') as file:
        assert len(file.read(1000)) == 1000
        wait_until(lambda: sorted(t['rate_limit'] for t in transfers(own, account.name))
                   == [0, 20_000], 'the one that idles has nothing, the other all')
    transport.close()
    own.cli('user', 'update', account.name, '--download-bandwidth', FAST)
    first.finish()
    assert read(account.local('down0')) == read(account.remote('big'))
