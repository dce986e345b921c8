from stylize.studio import lan


def test_the_qr_code_is_made_here_and_differs():
    first, second = lan.qr_code("http://192.168.0.2:7860"), lan.qr_code("http://192.168.0.3:7860")
    assert first != second
    assert len(first.splitlines()) > 10


def test_the_invitation_names_the_code_only_with_a_wall():
    assert "teacher" not in lan.invitation("http://a")
    assert "abc123" in lan.invitation("http://a", teacher_code="abc123")


def test_there_is_always_an_address():
    assert lan.lan_address().count(".") == 3
