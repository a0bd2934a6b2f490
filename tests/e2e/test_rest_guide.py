"""The commands in docs/rest-api.md do what the page says."""
import os
import re
import subprocess

from http_api import Api, with_http

GUIDE = os.path.join(os.path.dirname(__file__), '../../docs/rest-api.md')
PASSWORD = 'correct horse'


def test_commands_of_the_guide(servers, tmp_path):
    with open(GUIDE, encoding='utf-8') as file:
        blocks = re.findall('```sh\n(.*?)```', file.read(), re.DOTALL)
    config = with_http()
    server = servers(config)
    server.cli('admin', 'add', 'ann', '--password-stdin', stdin=PASSWORD + '\n')
    key = server.cli('admin', 'key', 'add', 'ann', 'all').stdout.strip()
    api = Api(config, 'ann', PASSWORD).wait()
    assert len(blocks) == 4
    for block in blocks:
        assert '127.0.0.1:8080' in block
        done = subprocess.run(
            ['sh', '-ec', block.replace('127.0.0.1:8080', f'127.0.0.1:{api.port}')],
            cwd=tmp_path, env={**os.environ, 'PASSWORD': PASSWORD, 'KEY': key},
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, (block, done.stderr)
        assert done.stdout
    assert [ban['network'] for ban in api.ask('GET', 'ban').json] == ['192.0.2.9']
    assert {one['name'] for one in api.ask('GET', 'key').json} == {'all', 'prometheus'}
