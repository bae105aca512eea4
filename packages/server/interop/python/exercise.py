"""What an application does with Debian's python3-etcd3: one step a run, named on the command line.

    exercise.py PORT STEP

Ends with 0 when the step went as the client's documentation says, with a stack trace otherwise.
"""

import io
import sys
import threading

import etcd3


def keys(client):
    client.put("py/a", "1")
    client.put("py/b", "2")
    value, meta = client.get("py/a")
    assert value == b"1" and meta.key == b"py/a" and meta.version == 1, (value, meta.version)
    assert client.get("py/none") == (None, None)
    assert [v for v, _ in client.get_prefix("py/")] == [b"1", b"2"]
    assert [m.key for _, m in client.get_range("py/a", "py/b")] == [b"py/a"]
    assert [v for v, _ in client.get_prefix("py/", sort_order="descend")] == [b"2", b"1"]
    assert client.put("py/a", "3", prev_kv=True).prev_kv.value == b"1"
    assert client.replace("py/a", "3", "4") and not client.replace("py/a", "3", "5")
    assert client.put_if_not_exists("py/c", "6") and not client.put_if_not_exists("py/c", "7")
    assert client.delete("py/a") and not client.delete("py/a")
    assert client.delete_prefix("py/").deleted == 2


def transactions(client):
    client.put("py/n", "1")
    compare = [client.transactions.value("py/n") == "1", client.transactions.version("py/n") > 0]
    inner = client.transactions.txn(
        [client.transactions.value("py/n") == "2"],
        success=[client.transactions.get("py/n")],
        failure=[],
    )
    ok, answers = client.transaction(
        compare=compare,
        success=[client.transactions.put("py/n", "2"), client.transactions.get("py/n"), inner],
        failure=[],
    )
    assert ok and answers[1][0][0] == b"2", answers
    ok, answers = client.transaction(
        compare=compare,
        success=[],
        failure=[client.transactions.delete("py/n")],
    )
    assert not ok
    assert client.get("py/n") == (None, None)


def watches(client):
    seen = []
    done = threading.Event()

    def told(response):
        for event in response.events:
            seen.append((type(event).__name__, event.key))
        if len(seen) == 3:
            done.set()

    watch = client.add_watch_prefix_callback("py/w", told)
    client.put("py/w1", "1")
    client.put("py/w2", "2")
    client.delete("py/w1")
    assert done.wait(10), seen
    client.cancel_watch(watch)
    assert seen == [("PutEvent", b"py/w1"), ("PutEvent", b"py/w2"), ("DeleteEvent", b"py/w1")], seen
    revision = client.get("py/w2")[1].mod_revision
    events, cancel = client.watch_prefix("py/w", start_revision=revision)
    assert next(events).value == b"2" and type(next(events)).__name__ == "DeleteEvent"
    cancel()


def leases(client):
    lease = client.lease(30)
    client.put("py/leased", "1", lease=lease)
    assert lease.granted_ttl == 30 and 0 < lease.remaining_ttl <= 30
    assert lease.keys == [b"py/leased"], lease.keys
    assert lease.refresh()[0].TTL == 30
    lease.revoke()
    assert client.get("py/leased") == (None, None)


def locks(client):
    # To wait for a lock that is taken is beyond Debian's version: it and Debian's tenacity do not fit together.
    first = client.lock("py", ttl=10)
    assert first.acquire() and first.is_acquired()
    assert client.get("/locks/py")[0] is not None
    second = client.lock("py", ttl=10)
    assert not second.is_acquired() and not second.release()
    first.refresh()
    assert first.release() and second.acquire() and second.release()
    with client.lock("py", ttl=10) as held:
        assert held.is_acquired()


def members(client):
    found = list(client.members)
    assert sorted(m.name for m in found) == ["m1", "m2", "m3"], found
    assert all(m.client_urls and m.peer_urls for m in found)
    status = client.status()
    assert status.leader.name in ("m1", "m2", "m3") and status.db_size > 0 and status.raft_index > 0


def maintenance(client):
    assert isinstance(client.hash(), int)
    client.put("py/old", "1")
    revision = client.get("py/old")[1].mod_revision
    client.put("py/old", "2")
    client.compact(revision, physical=True)
    client.defragment()
    assert list(client.list_alarms()) == []
    alarms = client.create_alarm()
    assert [a.alarm_type for a in alarms] == [1], alarms
    assert len(list(client.list_alarms())) == 1
    assert len(client.disarm_alarm()) == 1
    assert list(client.list_alarms()) == []
    saved = io.BytesIO()
    client.snapshot(saved)
    assert saved.tell() % 512 == 32


STEPS = {f.__name__: f for f in (keys, transactions, watches, leases, locks, members, maintenance)}

if __name__ == "__main__":
    port, step = sys.argv[1:]
    with etcd3.client(port=int(port), timeout=20) as connected:
        STEPS[step](connected)
