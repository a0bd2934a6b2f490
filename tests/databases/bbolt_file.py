#!/usr/bin/python3
"""Writes small files of bbolt, as SFTPGo's bolt provider has them, for tests of reading them.

    bbolt_file.py DIRECTORY

writes the seeds of the fuzz target. The format is that of bbolt's documentation, little-endian.
"""
import json
import os
import struct
import sys

MAGIC = 0xED0CDAED
BRANCH, LEAF, META, FREELIST = 1, 2, 4, 16
HEAD, ELEMENT = 16, 16


def fnv1a(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return value


def page(number, flags, count, body, page_size, inline=False):
    length = HEAD + len(body)
    overflow = 0 if inline else (length + page_size - 1) // page_size - 1
    data = struct.pack('<QHHI', number, flags, count, overflow) + body
    return data if inline else data.ljust((overflow + 1) * page_size, b'\0')


def leaf_body(pairs):
    """pairs: (key, value, whether the value is a bucket), in the order of the keys"""
    elements, data = b'', b''
    for i, (key, value, is_bucket) in enumerate(pairs):
        position = (len(pairs) - i) * ELEMENT + len(data)
        elements += struct.pack('<IIII', int(is_bucket), position, len(key), len(value))
        data += key + value
    return elements + data


def branch_body(children):
    """children: (first key, page number)"""
    elements, data = b'', b''
    for i, (key, number) in enumerate(children):
        position = (len(children) - i) * ELEMENT + len(data)
        elements += struct.pack('<IIQ', position, len(key), number)
        data += key
    return elements + data


def bucket(root, sequence=0, inline=b''):
    return struct.pack('<QQ', root, sequence) + inline


class File:
    def __init__(self, page_size=4096):
        self.page_size = page_size
        self.pages = [b'', b'', page(2, FREELIST, 0, b'', page_size)]
        self.next = 3

    def add(self, flags, count, body):
        number = self.next
        data = page(number, flags, count, body, self.page_size)
        self.next += len(data) // self.page_size
        self.pages.append(data)
        return number

    def tree(self, pairs, per_leaf):
        """A B+tree of leaves under a branch, or one leaf; gives the page of its root."""
        groups = [pairs[i:i + per_leaf] for i in range(0, len(pairs), per_leaf)] or [[]]
        leaves = [(group[0][0] if group else b'', self.add(LEAF, len(group), leaf_body(group)))
                  for group in groups]
        if len(leaves) == 1:
            return leaves[0][1]
        return self.add(BRANCH, len(leaves), branch_body(leaves))

    def meta(self, number, root, transaction):
        body = struct.pack('<IIIIQQQQQ', MAGIC, 2, self.page_size, 0, root, 0, 2, self.next,
                           transaction)
        return page(number, META, 0, body + struct.pack('<Q', fnv1a(body)), self.page_size)

    def finish(self, root, transaction=7):
        self.pages[transaction % 2] = self.meta(transaction % 2, root, transaction)
        # The other one is of the transaction before, and knows another root.
        self.pages[1 - transaction % 2] = self.meta(1 - transaction % 2, 2, transaction - 1)
        return b''.join(self.pages)


def database(users, version=3, page_size=4096, per_leaf=4, inline=False):
    """The bytes of a database with these users (dictionaries in the form of dumps)."""
    file = File(page_size)
    pairs = sorted((user['username'].encode(), json.dumps(user).encode(), False)
                   for user in users)
    ids = sorted((struct.pack('>Q', user['id']), user['username'].encode(), False)
                 for user in users)
    if inline:
        users_bucket = bucket(0, len(users), page(0, LEAF, len(pairs), leaf_body(pairs),
                                                  page_size, inline=True))
    else:
        users_bucket = bucket(file.tree(pairs, per_leaf), len(users))
    buckets = [(b'users', users_bucket, True),
               (b'users_id_idx', bucket(file.tree(ids, 16)), True)]
    if version is not None:
        pair = [(b'version', json.dumps({'Version': version}).encode(), False)]
        buckets.insert(0, (b'db_version', bucket(0, 0, page(0, LEAF, 1, leaf_body(pair),
                                                           page_size, inline=True)), True))
    return file.finish(file.add(LEAF, len(buckets), leaf_body(buckets)))


def user(number, version=3, **members):
    made = {'id': number, 'username': f'user{number:04}', 'home_dir': f'/srv/{number}',
            'password': '$argon2id$v=19$m=65536,t=3,p=2$DaJuqiicY3oi0ytLPTDAUg'
                        '$k50MzDtUSXihqX070NnRshDVe2XUfJcCKFPSPkGfrwQ',
            'uid': 0, 'gid': 0, 'max_sessions': 0, 'quota_size': 0, 'quota_files': 0,
            'permissions': {'/': ['*'], '/in': ['list', 'upload']} if version > 2 else ['list'],
            'used_quota_size': number, 'used_quota_files': 1, 'last_quota_update': 5,
            'upload_bandwidth': 0, 'download_bandwidth': 0, 'last_login': 9}
    if version > 1:
        made.update({'status': 1, 'expiration_date': 0})
    return {**made, **members}


def seeds():
    small = {'page_size': 512}
    few = [user(n, filters={'allowed_ip': ['10.0.0.0/8'], 'denied_ip': []}) for n in range(1, 4)]
    whole = database(few, **small)
    torn = bytearray(whole)
    torn[512 + 30] ^= 1  # the later of the two heads was being written
    circle = File(512)
    child = circle.next
    circle.add(BRANCH, 1, branch_body([(b'a', child)]))
    outside = File(512)
    return {
        'three': whole,
        'inline': database([user(1)], inline=True, **small),
        'none': database([], **small),
        'version-1': database([user(1, 1)], 1, **small),
        'version-2': database([user(1, 2)], 2, **small),
        'version-missing': database([user(1, 1)], None, **small),
        'version-9': database([user(1)], 9, **small),
        'branch': database([user(n) for n in range(1, 9)], per_leaf=2, **small),
        'torn-head': bytes(torn),
        'circle': circle.finish(child),
        'outside': outside.finish(outside.add(BRANCH, 1, branch_body([(b'a', 1 << 40)]))),
        'cut': whole[:len(whole) - 700],
        'name-differs': database([user(1, username='x')], **small).replace(b'"x"', b'"y"'),
    }


def main():
    for name, data in seeds().items():
        with open(os.path.join(sys.argv[1], name), 'wb') as file:
            file.write(data)


if __name__ == '__main__':
    main()
