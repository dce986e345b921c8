from stylize.studio.temporary_files import TemporaryFiles


def test_files_go_after_the_retention_time():
    files = TemporaryFiles(60)
    path = files.place("a.png", now=0)
    path.write_bytes(b"x")
    files.sweep(now=59)
    assert path.exists()
    files.sweep(now=60)
    assert not path.exists()


def test_a_new_file_sweeps_old_ones_away():
    files = TemporaryFiles(60)
    old = files.place("a.png", now=0)
    old.write_bytes(b"x")
    new = files.place("a.png", now=100)
    assert not old.exists()
    assert new.name == "a.png"
    assert new.parent.is_dir()
