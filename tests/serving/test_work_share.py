"""A thread that waits lets another one work."""

from threading import Thread

from service.serving.work_share import WorkShare


def test_only_so_many_threads_work_at_once() -> None:
    share, order = WorkShare(), list[str]()
    share.set_size(1)

    def work() -> None:
        with share.work():
            order.append("second")

    with share.work():
        thread = Thread(target=work)
        thread.start()
        thread.join(timeout=0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_thread_that_pauses_lets_another_one_work_and_continues_after_it() -> None:
    share, order = WorkShare(), list[str]()
    share.set_size(1)

    def work() -> None:
        with share.work():
            order.append("second")

    with share.work():
        thread = Thread(target=work)
        with share.pause():
            thread.start()
            thread.join()
        order.append("first")
    assert order == ["second", "first"]
    with share.pause():  # A thread that does not work has nothing to give.
        pass


def test_without_a_size_every_thread_works() -> None:
    share = WorkShare()
    with share.work(), share.work(), share.pause():
        pass
