from stylize.studio.shelf import Shelf


def test_files_go_after_the_retention_time():
    shelf = Shelf(60)
    path = shelf.place("a.png", now=0)
    path.write_bytes(b"x")
    shelf.sweep(now=59)
    assert path.exists()
    shelf.sweep(now=60)
    assert not path.exists()


def test_a_new_file_sweeps_old_ones_away():
    shelf = Shelf(60)
    old = shelf.place("a.png", now=0)
    old.write_bytes(b"x")
    new = shelf.place("a.png", now=100)
    assert not old.exists()
    assert new.name == "a.png"
    assert new.parent.is_dir()
