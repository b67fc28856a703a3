"""Instances and sessions: every documented result of JetDupSession that Python can reach, and the scopes."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import ese
import pytest
from ese import testing


def test_dup_gives_another_session_of_the_same_instance(session: ese.Session) -> None:
    with session.dup() as other:
        assert other is not session
        assert other.instance is session.instance
        assert not other.closed
    assert other.closed
    assert not session.closed


def test_dup_carries_no_transaction_over(session: ese.Session) -> None:
    with session.transaction(), session.dup() as other:
        for _ in range(7):  # all levels are free
            other.transaction().__exit__(None, None, None)


def test_dup_outlives_its_source(instance: ese.Instance) -> None:
    source = instance.session()
    other = source.dup()
    source.close()
    with other, other.dup() as third:
        assert not third.closed


def test_dup_after_a_stop_of_the_service(instance: ese.Instance, session: ese.Session) -> None:
    instance.stop_service()
    with pytest.raises(ese.ClientRequestToStopJetService) as caught:
        session.dup()
    assert caught.value.code == -1329


def test_dup_after_a_fatal_error(tmp_path: Path) -> None:
    instance = ese.Instance("fatal", directory=tmp_path, recovery=False)
    session = instance.session()
    with testing.fault("fatal"), pytest.raises(ese.EseError):
        session.dup()
    with pytest.raises(ese.InstanceUnavailable) as caught:
        session.dup()
    assert isinstance(caught.value, ese.FatalError)
    instance.close()
    assert instance.closed and session.closed


def test_dup_while_no_instance_runs() -> None:
    with pytest.raises(ese.NotInitialized):
        testing.dup_handle(12345)


def test_dup_of_what_is_no_session(session: ese.Session) -> None:
    for number in (0, 1, 12345, 2**63, 2**64 - 1):
        with pytest.raises(ese.InvalidSesid):
            testing.dup_handle(number)
    assert not session.closed


def test_dup_without_room_for_the_answer(session: ese.Session) -> None:
    with pytest.raises(ese.InvalidParameter):
        testing.dup_nowhere(session)
    assert not session.closed


def test_dup_of_a_session_whose_instance_has_ended(tmp_path: Path) -> None:
    with ese.Instance("short", directory=tmp_path, recovery=False) as instance:
        session = instance.session()
    with pytest.raises(ese.InvalidSesid, match="the session is closed"):
        session.dup()


def test_dup_of_an_ended_session(session: ese.Session) -> None:
    other = session.dup()
    other.close()
    with pytest.raises(ese.InvalidSesid):
        other.dup()


def test_dup_without_memory(session: ese.Session) -> None:
    with testing.fault("alloc", repeat=True), pytest.raises(ese.OutOfMemory) as caught:
        session.dup()
    assert caught.value.name == "JET_errOutOfMemory"
    session.dup().close()


def test_dup_beyond_the_limit_of_sessions(tmp_path: Path) -> None:
    with ese.Instance("few", directory=tmp_path, recovery=False, parameters={"MaxSessions": 4}) as instance:
        sessions = [instance.session()]
        while len(sessions) < 4:
            sessions.append(sessions[0].dup())
        with pytest.raises(ese.OutOfSessions):
            sessions[0].dup()
        sessions.pop().close()
        sessions.append(sessions[0].dup())
        for session in sessions:
            session.close()


def test_dup_while_another_thread_ends_the_instance(tmp_path: Path) -> None:
    instance = ese.Instance("ending", directory=tmp_path, recovery=False)
    session = instance.session()

    def end() -> None:
        while not instance.closed:
            with contextlib.suppress(ese.SessionSharingViolation):  # a call of the other thread is in flight
                instance.close()

    ender = threading.Thread(target=end)
    with testing.fault("term"):
        ender.start()
        while True:
            try:
                session.dup().close()
            except ese.TermInProgress as error:
                assert error.code == -1000
                break
            except ese.SessionSharingViolation:  # the other thread is just emptying the session
                pass
        with pytest.raises(ese.TermInProgress):
            instance.close()
    ender.join()
    assert session.closed


def test_wrong_parameters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ese.InvalidParameter):
        ese.Instance("wrong", directory=tmp_path, recovery=False, parameters={9999: 1})
    with pytest.raises(AttributeError):
        ese.Instance("wrong", directory=tmp_path, recovery=False, parameters={"NoSuchThing": 1})
    with ese.Instance("wrong", directory=tmp_path, recovery=False) as instance, pytest.raises(ese.AlreadyInitialized):
        instance.set_parameter("Recovery", "on")


def test_two_instances_cannot_have_one_name(instance: ese.Instance, tmp_path: Path) -> None:
    with pytest.raises(ese.InstanceNameInUse):
        ese.Instance("test", directory=tmp_path / "other", recovery=False)


def test_parameters_can_be_read_back(tmp_path: Path) -> None:
    with ese.Instance("read", directory=tmp_path, recovery=False, parameters={"MaxSessions": 7}) as instance:
        assert instance.parameter("MaxSessions") == 7
        assert Path(instance.parameter_text("SystemPath")) == tmp_path


def test_transaction_commits_at_its_end_and_rolls_back_on_an_exception(session: ese.Session) -> None:
    with session.transaction() as outer:
        with pytest.raises(RuntimeError), session.transaction() as inner:
            raise RuntimeError
        assert inner.closed
        assert not outer.closed
    assert outer.closed
    with pytest.raises(ese.NotInTransaction):
        outer.commit()


def test_outer_transaction_cannot_be_committed_first(session: ese.Session) -> None:
    outer = session.transaction()
    inner = session.transaction()
    with pytest.raises(ese.InTransaction):
        outer.commit()
    outer.rollback()
    assert inner.closed


def test_transactions_have_seven_levels(session: ese.Session) -> None:
    levels = [session.transaction() for _ in range(7)]
    with pytest.raises(ese.TransTooDeep):
        session.transaction()
    levels[0].rollback()
    assert all(level.closed for level in levels)


def test_a_session_serves_one_thread_at_a_time(databases: Path, session: ese.Session) -> None:
    """Threads that use one session get an exception or the right answer, never anything else."""
    with session.open(databases / "deep-4k.edb") as db:
        expected = len(db["notes"])
        outcomes: list[object] = []

        def count() -> None:
            try:
                outcomes.append(sum(1 for _ in db["notes"].rows(["Id"], tuples=True)))
            except ese.SessionSharingViolation as error:
                outcomes.append(error)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 4
        assert all(isinstance(outcome, Exception) or outcome == expected for outcome in outcomes)


def test_sessions_of_one_instance_read_in_parallel(databases: Path, instance: ese.Instance) -> None:
    counts: list[int] = []

    def count() -> None:
        with instance.session() as session, session.open(databases / "deep-4k.edb") as db:
            counts.append(sum(1 for _ in db["notes"]))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [4000] * 4
